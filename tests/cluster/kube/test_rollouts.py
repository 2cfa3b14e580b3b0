"""A Deployment behind a Service while it changes: nobody who calls the Service is let down.

What a program must do for it is less than elsewhere. A pod gets SIGTERM after it was taken out of every
Service, so one that ends at once loses no new connection, without a preStop hook that waits. Connections that
clients keep open are the program's to end, as on any Kubernetes: after SIGTERM it asks for their end, and
waits for it.
"""

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.cluster import load
from tests.cluster.kube.client import KubeApi, sleeper
from tests.cluster.manifests import http_probe, service

from convoy.cluster.client import World

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

Told = dict[str, Any]
_LOAD = Path(load.__file__)
_LOAD_SOURCE = _LOAD.read_text()
_RATE = 50  # requests per second of each client; up to four call at once
_RESTARTS = 3
_STOP = "/tmp/enough"


def deployment(replicas: int, ends: str) -> dict[str, Any]:
    """Pods of the program that tells who answered."""
    app = {
        "name": "app",
        "image": "test/draining",
        "args": [ends],
        "readinessProbe": http_probe(),
    }
    labels = {"labels": {"app": "web"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": labels,
                "spec": {"terminationGracePeriodSeconds": 10, "containers": [app]},
            },
        },
    }


def is_complete(obj: dict[str, Any]) -> bool:
    """Whether a Deployment has only pods of its newest template, all of them available."""
    status = obj.get("status", {})
    return (
        status.get("observedGeneration") == obj["metadata"]["generation"]
        and status.get("replicas") == status.get("updatedReplicas") == status.get("availableReplicas")
        and status.get("updatedReplicas") == obj["spec"]["replicas"]
    )


async def restart(api: KubeApi, number: int) -> None:
    """What `kubectl rollout restart` does, until it is done."""
    template = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": str(number)}}}
    await api.patch("Deployment", "web", {"spec": {"template": template}})
    await api.wait("Deployment", "web", is_complete)


async def scale(api: KubeApi, replicas: int) -> None:
    """As many pods."""
    await api.patch("Deployment", "web", {"spec": {"replicas": replicas}})
    await api.wait("Deployment", "web", is_complete)


@contextlib.asynccontextmanager
async def running(one: KubeApi, two: KubeApi, *, replicas: int, ends: str) -> AsyncIterator[str]:
    """The Deployment with a ClusterIP and a load balancer, clients in both clusters; gives the address."""
    gateway = service("gateway", type="LoadBalancer", selector={"app": "web"})
    await one.create(deployment(replicas, ends), service("web"), gateway)
    try:
        await asyncio.gather(one.run(sleeper("client")), two.run(sleeper("client")))
        await one.wait("Deployment", "web", is_complete)
        await asyncio.gather(*(one.wait_endpoints(name, replicas) for name in ("web", "gateway")))
        found = await one.get("Service", "gateway")
        yield found["status"]["loadBalancer"]["ingress"][0]["ip"]
    finally:
        await one.delete("Deployment", "web")
        await asyncio.gather(*(one.delete("Service", name) for name in ("web", "gateway")))
        await asyncio.gather(*(api.delete("Pod", "client") for api in (one, two)))


async def load_from_pod(world: World, cluster: str, host: str, kind: str) -> Told:
    """What a client in a pod saw until told to stop."""
    argv = ["python3", "-c", _LOAD_SOURCE, host, "80", kind, str(_RATE), _STOP]
    result = await world.exec(cluster, "default", "client", argv, timeout=60)
    assert result.stdout, result.stderr.decode()
    told: Told = json.loads(result.stdout)
    return told


async def load_from_host(port: int, kind: str, stop: Path) -> Told:
    """What a client on the host saw until told to stop."""
    argv = [sys.executable, str(_LOAD), "127.0.0.1", str(port), kind, str(_RATE), str(stop)]
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    told: Told = json.loads(output)
    return told


async def while_loaded(
    change: Callable[[], Awaitable[None]],
    loads: Sequence[Awaitable[Told]],
    stop: Callable[[], Awaitable[Any]],
) -> list[Told]:
    """What the clients saw while `change` happened."""
    loading = [asyncio.ensure_future(each) for each in loads]
    await asyncio.sleep(0.5)  # some have called
    try:
        await change()
    finally:
        await stop()
        told = await asyncio.gather(*loading)
    return told


def check(told: Sequence[Told], *, least_pods: int) -> None:
    """Nobody was let down, all of them called all the time, and pods of each restart answered."""
    for each in told:
        assert each["failures"] == []
        assert each["calls"] > _RATE / 4
        assert len(each["pods"]) > 1
    assert len({pod for each in told for pod in each["pods"]}) >= least_pods


@pytest.mark.parametrize("replicas", [1, 3])
async def test_restarts_and_scaling_let_no_client_down(
    world: World, one: KubeApi, two: KubeApi, tmp_path: Path, replicas: int
) -> None:
    async def change() -> None:
        for number in range(_RESTARTS):
            await restart(one, number)
        await scale(one, replicas + 2)
        await scale(one, replicas)

    async def stop() -> None:
        (tmp_path / "stop").touch()
        clusters = ("one", "two")
        await asyncio.gather(*(world.exec(each, "default", "client", ["touch", _STOP]) for each in clusters))

    async with running(one, two, replicas=replicas, ends="drains") as address:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            await world.forward(listener, "one", address, 80)
        told = await while_loaded(
            change,
            [
                load_from_pod(world, "one", "web", "new"),
                load_from_pod(world, "one", "web", "kept"),
                load_from_pod(world, "two", address, "kept"),
                load_from_host(port, "new", tmp_path / "stop"),
            ],
            stop,
        )
    check(told, least_pods=_RESTARTS + 1)


async def test_programs_that_end_at_once_lose_no_new_connection(
    world: World, one: KubeApi, two: KubeApi
) -> None:
    async def change() -> None:
        for number in range(_RESTARTS):
            await restart(one, number)

    async def stop() -> None:
        for cluster in ("one", "two"):
            await world.exec(cluster, "default", "client", ["touch", _STOP])

    async with running(one, two, replicas=2, ends="at-once") as address:
        loads = [load_from_pod(world, "one", "web", "new"), load_from_pod(world, "two", address, "new")]
        told = await while_loaded(change, loads, stop)
    check(told, least_pods=_RESTARTS + 1)
