"""Pods as users write them, injected by the control plane of a real cluster, under STRICT mutual TLS."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.e2e import probed_apps
from tests.kit.waiting import until

from convoy.config.kube.client import KubeClient
from convoy.config.kube.kubeconfig import load_kubeconfig
from convoy.config.kube.listings import Selection
from convoy.config.kube.resources import PODS, KubeResource

pytestmark = [
    pytest.mark.world,
    pytest.mark.envoy,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
]

Json = dict[str, Any]
JOBS = KubeResource("batch", "v1", "jobs")
STRICT = "strict"
PROGRAM = Path(probed_apps.__file__).read_text()
_HTTP = {"path": "/ok", "httpHeaders": [{"name": "X-Probe", "value": "yes"}]}
PROBES: dict[str, Json] = {
    "http": {"httpGet": {"port": "web", **_HTTP}},
    "loopback": {"httpGet": {"port": probed_apps.PORTS["loopback"], **_HTTP}},
    "https": {"httpGet": {"port": probed_apps.PORTS["https"], "scheme": "HTTPS", **_HTTP}},
    "tcp": {"tcpSocket": {"port": probed_apps.PORTS["tcp"]}},
    "grpc": {"grpc": {"port": probed_apps.PORTS["grpc"], "service": "mine"}},
    "exec": {"exec": {"command": ["sh", "-c", "printf x >> /tmp/asks; test -f /tmp/alive"]}},
}


class Cluster:
    """The API of a cluster with the mesh, as its administrator sees it."""

    def __init__(self, client: KubeClient) -> None:
        self.client = client

    async def make(
        self, api_version: str, kind: str, name: str, namespace: str = STRICT, **fields: Any
    ) -> None:
        place = {"namespace": namespace} if namespace else {}
        metadata = {"name": name, **place, **fields.pop("metadata", {})}
        await self.client.apply({"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields})

    async def pod(self, name: str) -> Json:
        return await self.client.get(PODS, name, namespace=STRICT)

    async def pods(self, namespace: str, labels: str) -> list[Json]:
        return (await self.client.list(PODS, Selection(namespace, labels))).items

    async def job_ends(self, name: str, namespace: str = STRICT) -> str:
        """`Complete` or `Failed`, once it is either."""

        async def look() -> str:
            status = (await self.client.get(JOBS, name, namespace=namespace)).get("status", {})
            ends = [each["type"] for each in status.get("conditions", []) if each["status"] == "True"]
            return next((each for each in ends if each in ("Complete", "Failed")), "")

        return await until(look)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """A cluster with the mesh, with an echo server and a client's namespace."""
    home = tmp_path_factory.mktemp("home")
    await convoy(home, "up", "--clusters", "one", "--ephemeral")
    try:
        path = Path((await convoy(home, "kubeconfig")).strip())
        async with KubeClient(load_kubeconfig(path, "one")) as client:
            cluster = Cluster(client)
            await fill(cluster)
            yield cluster
    finally:
        await convoy(home, "down", "--purge")


async def convoy(home: Path, *arguments: str) -> str:
    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "convoy", *arguments],
            env={**os.environ, "CONVOY_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    done = await asyncio.to_thread(run)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def fill(cluster: Cluster) -> None:
    await cluster.make("v1", "Namespace", "plain", "")
    await cluster.make("v1", "Namespace", STRICT, "", metadata={"labels": {"istio-injection": "enabled"}})
    await cluster.make(
        "security.istio.io/v1", "PeerAuthentication", "default", spec={"mtls": {"mode": "STRICT"}}
    )
    port = {"name": "http", "port": 8000, "targetPort": 8080}
    await cluster.make("v1", "Service", "echo", spec={"selector": {"app": "echo"}, "ports": [port]})
    container = {
        "name": "echo",
        "image": "mccutchen/go-httpbin",
        "readinessProbe": {"httpGet": {"port": 8080, "path": "/health"}, "periodSeconds": 1},
    }
    template = {"metadata": {"labels": {"app": "echo"}}, "spec": {"containers": [container]}}
    await cluster.make(
        "apps/v1",
        "Deployment",
        "echo",
        spec={"selector": {"matchLabels": {"app": "echo"}}, "template": template},
    )

    async def is_ready() -> bool:
        pods = await cluster.pods(STRICT, "app=echo")
        return any(condition(pod, "Ready") for pod in pods)

    await until(is_ready)


def condition(pod: Json, kind: str) -> bool:
    found = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == kind and each["status"] == "True" for each in found)


def ready(pod: Json) -> dict[str, bool]:
    return {each["name"]: each["ready"] for each in pod["status"].get("containerStatuses", [])}


def probed_container(kind: str) -> Json:
    return {
        "name": kind,
        "image": "test/python",
        "command": ["python", "-c", PROGRAM, kind, "/together"],
        "ports": [{"name": "web", "containerPort": probed_apps.PORTS["http"]}] if kind == "http" else [],
        "readinessProbe": {**PROBES[kind], "periodSeconds": 1, "failureThreshold": 1},
        "volumeMounts": [{"name": "together", "mountPath": "/together"}],
    }


async def test_every_kind_of_probe_sees_its_application_live_and_die(cluster: Cluster) -> None:
    spec = {
        "containers": [probed_container(kind) for kind in probed_apps.KINDS],
        "volumes": [{"name": "together", "emptyDir": {}}],
        "terminationGracePeriodSeconds": 1,
    }
    await cluster.make("v1", "Pod", "probed", spec=spec)
    made = await cluster.pod("probed")
    probes = {each["name"]: each["readinessProbe"] for each in made["spec"]["containers"]}
    led = [kind for kind, probe in probes.items() if probe.get("httpGet", {}).get("port") == 15020]
    assert led == [kind for kind in probed_apps.KINDS if kind != "exec"]

    async def seen_ready() -> bool:
        return condition(await cluster.pod("probed"), "Ready")

    async def seen_unready() -> bool:
        return not any(ready(await cluster.pod("probed")).values())

    await until(seen_ready)
    await until(seen_unready)
    after = await cluster.pod("probed")
    assert not condition(after, "Ready")
    assert {each["restartCount"] for each in after["status"]["containerStatuses"]} == {0}
    await cluster.client.delete(PODS, "probed", namespace=STRICT)


@pytest.mark.parametrize("init", [False, True])
async def test_first_request_of_a_job_is_answered_and_the_job_ends(cluster: Cluster, init: bool) -> None:
    ask = {
        "name": "ask",
        "image": "curlimages/curl",
        "command": ["curl", "-sS", "--fail", "-m", "10", "http://echo:8000/headers"],
    }
    rest = {"name": "rest", "image": "curlimages/curl", "command": ["true"]}
    spec = {"restartPolicy": "Never", "containers": [rest if init else ask]}
    if init:
        spec["initContainers"] = [ask]
    name = "init" if init else "first"
    await cluster.make("batch/v1", "Job", name, spec={"backoffLimit": 0, "template": {"spec": spec}})
    assert await cluster.job_ends(name) == "Complete"

    async def proxy_ended() -> Json | None:
        (pod,) = await cluster.pods(STRICT, f"job-name={name}")
        (proxy,) = (s for s in pod["status"]["initContainerStatuses"] if s["name"] == "istio-proxy")
        return proxy if "terminated" in proxy["state"] else None

    proxy = await until(proxy_ended)
    assert (proxy["state"]["terminated"]["exitCode"], proxy["restartCount"]) == (0, 0)


async def test_who_has_no_proxy_is_refused_by_strict_pods(cluster: Cluster) -> None:
    ask = {
        "name": "ask",
        "image": "curlimages/curl",
        "command": ["curl", "-sS", "-m", "10", f"http://echo.{STRICT}:8000/headers"],
    }
    spec = {"restartPolicy": "Never", "containers": [ask]}
    await cluster.make(
        "batch/v1", "Job", "plain", "plain", spec={"backoffLimit": 0, "template": {"spec": spec}}
    )
    assert await cluster.job_ends("plain", "plain") == "Failed"
    (pod,) = await cluster.pods("plain", "job-name=plain")
    assert "initContainers" not in pod["spec"]


async def test_gateway_is_its_pods_own_container(cluster: Cluster) -> None:
    (pod,) = await cluster.pods("istio-system", "app=istio-ingressgateway")
    assert condition(pod, "Ready")
    (container,) = pod["spec"]["containers"]
    assert (container["name"], container["image"]) == ("istio-proxy", "convoy/proxy")
    assert "initContainers" not in pod["spec"]
