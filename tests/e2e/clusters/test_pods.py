"""Pods in and out of the mesh: whom they reach, and from when on."""

import functools
from typing import Any

import pytest
from tests.e2e.clusters.agreeing import is_ready
from tests.e2e.clusters.mesh import MeshCluster, Meshes
from tests.kit.waiting import until

from convoy.cli.pods.asking import Asker, PodRequest
from convoy.cli.pods.streams import PodPlace
from convoy.config.kube.resources import CONFIG_MAPS, PODS, KubeResource

pytestmark = [
    pytest.mark.world,
    pytest.mark.envoy,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
]

Json = dict[str, Any]

PEER_AUTHENTICATIONS = KubeResource("security.istio.io", "v1", "peerauthentications")
PROXY_CONFIGS = KubeResource("networking.istio.io", "v1beta1", "proxyconfigs")
JOBS = KubeResource("batch", "v1", "jobs")
SERVICE_ENTRIES = KubeResource("networking.istio.io", "v1", "serviceentries")
WORKLOAD_GROUPS = KubeResource("networking.istio.io", "v1", "workloadgroups")
_FRESH, _AT_ONCE = 30, 10
_PATHS = {
    "cluster1": {
        "productpage:9080": "/productpage",
        "details:9080": "/details/0",
        "reviews:9080": "/reviews/0",
    },
    "cluster2": {"ratings:9080": "/ratings/0", "reviews:9080": "/reviews/0"},
}


async def outsider(cluster: MeshCluster) -> PodPlace:
    """A pod that runs in a namespace without injection."""
    await cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "plain"}},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "outsider", "namespace": "plain"},
            "spec": {
                "terminationGracePeriodSeconds": 1,
                "containers": [{"name": "idle", "image": "busybox", "command": ["sleep", "infinity"]}],
            },
        },
    )
    place = PodPlace("plain", "outsider")

    async def is_running() -> bool:
        pod = await cluster.client.get(PODS, place.name, namespace=place.namespace)
        assert "initContainers" not in pod["spec"]
        return is_ready(pod)

    await until(is_running, every=0.1)
    return place


async def statuses(cluster: MeshCluster, pod: PodPlace) -> dict[str, int]:
    """What each Service of Bookinfo answers a pod that is outside of the mesh."""
    asker, found = Asker(cluster.target, pod, ""), {}
    for authority, path in _PATHS[cluster.name].items():
        app, _, port = authority.partition(":")
        request = PodRequest(address=f"{app}.default", port=int(port), host=authority, path=path)
        (reply,) = await asker.ask(request)
        found[authority] = reply.status
    return found


async def test_pod_without_a_proxy_reaches_every_service_unless_it_is_strict(meshes: Meshes) -> None:
    policy = {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {"name": "default", "namespace": "default"},
        "spec": {"mtls": {"mode": "STRICT"}},
    }
    for name, paths in _PATHS.items():
        cluster = meshes[name]
        pod = await outsider(cluster)
        assert await statuses(cluster, pod) == dict.fromkeys(paths, 200)
        await cluster.apply(policy)
        await until(functools.partial(_all_refused, cluster, pod), every=0.1)
        await cluster.client.delete(PEER_AUTHENTICATIONS, "default", namespace="default")
        await cluster.client.delete(PODS, pod.name, namespace=pod.namespace)


async def _all_refused(cluster: MeshCluster, pod: PodPlace) -> bool:
    return set((await statuses(cluster, pod)).values()) == {0}


async def test_first_act_of_fresh_pods_may_be_a_request(meshes: Meshes) -> None:
    one = meshes["cluster1"]
    ask = ["curl", "-sS", "--fail", "-m", "5", "http://reviews:9080/reviews/0"]
    container = {"name": "ask", "image": "curlimages/curl", "command": ask}
    pod = {"restartPolicy": "Never", "containers": [container]}
    spec = {"completions": _FRESH, "parallelism": _AT_ONCE, "backoffLimit": 0, "template": {"spec": pod}}
    await one.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "fresh"}, "spec": spec})

    async def ended() -> Json | None:
        status: Json = (await one.client.get(JOBS, "fresh", namespace="default")).get("status", {})
        ends = {each["type"] for each in status.get("conditions", []) if each["status"] == "True"}
        return status if ends & {"Complete", "Failed"} else None

    status = await until(ended, every=0.1)
    assert (status.get("succeeded"), status.get("failed", 0)) == (_FRESH, 0)
    await one.client.delete(JOBS, "fresh", namespace="default")


_GROUP = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "WorkloadGroup",
    "metadata": {"name": "members", "namespace": "default"},
    "spec": {
        "template": {"labels": {"tier": "members"}},
        "probe": {
            "exec": {"command": ["test", "!", "-e", "/tmp/ill"]},
            "periodSeconds": 1,
            "failureThreshold": 1,
        },
    },
}
_MEMBERS = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "ServiceEntry",
    "metadata": {"name": "members", "namespace": "default"},
    "spec": {
        "hosts": ["members.example.test"],
        "location": "MESH_INTERNAL",
        "resolution": "STATIC",
        "ports": [{"number": 9080, "name": "http", "protocol": "HTTP"}],
        "workloadSelector": {"labels": {"tier": "members"}},
    },
}
_MEMBER = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "member", "namespace": "default"},
    "spec": {
        "terminationGracePeriodSeconds": 1,
        "containers": [
            {
                "name": "details",
                "image": "docker.io/istio/examples-bookinfo-details-v1:1.20.3",
                "ports": [{"containerPort": 9080}],
            },
            {
                "name": "istio-proxy",
                "image": "auto",
                "env": [{"name": "ISTIO_META_AUTO_REGISTER_GROUP", "value": "members"}],
            },
        ],
    },
}


async def test_member_of_a_group_is_called_as_long_as_it_answers_the_groups_probe(meshes: Meshes) -> None:
    one, member = meshes["cluster1"], PodPlace("default", "member")
    await one.apply(_GROUP, _MEMBERS, _MEMBER)
    asker = Asker(one.target, await one.pod_of("productpage"), "")
    host = "members.example.test"
    request = PodRequest(address=host, port=9080, host=host, path="/details/0")

    async def answers(status: int) -> bool:
        resolved = await asker.resolve(host)
        return bool(resolved) and (await asker.ask(request))[0].status == status

    await until(functools.partial(answers, 200), every=0.2)
    assert (await one.execute(member, "touch", "/tmp/ill", container="istio-proxy")).code == 0
    await until(functools.partial(answers, 503), every=0.2)
    assert (await one.execute(member, "rm", "/tmp/ill", container="istio-proxy")).code == 0
    await until(functools.partial(answers, 200), every=0.2)
    await one.client.delete(PODS, member.name, namespace=member.namespace)
    for resource in (SERVICE_ENTRIES, WORKLOAD_GROUPS):
        await one.client.delete(resource, "members", namespace="default")


async def test_new_proxies_are_started_as_the_mesh_and_their_proxy_configs_say(meshes: Meshes) -> None:
    cluster = meshes["cluster1"]
    settings = "defaultConfig: {drainDuration: 7s}\naccessLogFile: /dev/null\n"
    await cluster.apply(
        {
            "apiVersion": "networking.istio.io/v1beta1",
            "kind": "ProxyConfig",
            "metadata": {"name": "details", "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"app": "details"}}, "concurrency": 3},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "istio", "namespace": "istio-system"},
            "data": {"mesh": settings},
        },
    )

    async def is_read() -> bool:
        return "accessLogFile" in str(await cluster.debug("/debug/problems"))

    await until(is_read, every=0.1)
    await cluster.restart("details-v1")
    await cluster.wait_none_ends()
    info = await cluster.admin(await cluster.pod_of("details"), "/server_info")
    options = info["command_line_options"]
    assert (options["concurrency"], options["drain_time"]) == (3, "7s")
    await cluster.client.delete(PROXY_CONFIGS, "details", namespace="default")
    await cluster.client.delete(CONFIG_MAPS, "istio", namespace="istio-system")
