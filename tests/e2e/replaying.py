"""The demo's two clusters, kept running while scripts are played on them one after the other.

Before each, what the last one left is taken back: objects that the next does not bring go away, gateways get
their addresses again and control planes run, and the proxies have heard of all that.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.kit.waiting import until

from convoy.cli.clusters.gateways import SERVICES, gateway_address
from convoy.cli.clusters.holding import end_holder
from convoy.cli.demo.checks_clusters import check_clusters
from convoy.cli.demo.checks_pages import PAGE
from convoy.cli.demo.evidence import CheckFailedError, Row
from convoy.cli.demo.objects import label_namespace
from convoy.cli.demo.play import open_stage, play
from convoy.cli.demo.script import CLUSTER1, CLUSTER2, CLUSTERS, Script, load_script
from convoy.cli.demo.stage import NAMESPACE, Stage
from convoy.cli.install.control_plane import CONTROL_PLANE
from convoy.cli.install.gateways import GATEWAY
from convoy.cli.install.installing import wait_available
from convoy.cli.install.settings import SYSTEM_NAMESPACE
from convoy.cli.pods.forwarding import get_from_pod
from convoy.cli.pods.streams import PodPlace
from convoy.cluster.client import World
from convoy.config.kube.client import KubeClient
from convoy.config.kube.listings import Selection
from convoy.config.kube.resources import KubeResource

_DEPLOYMENTS = KubeResource("apps", "v1", "deployments")
_NETWORKING = "networking.istio.io"
_KINDS = {
    "Deployment": _DEPLOYMENTS,
    "Service": SERVICES,
    "ServiceEntry": KubeResource(_NETWORKING, "v1", "serviceentries"),
    "VirtualService": KubeResource(_NETWORKING, "v1", "virtualservices"),
    "DestinationRule": KubeResource(_NETWORKING, "v1", "destinationrules"),
    "Gateway": KubeResource(_NETWORKING, "v1", "gateways"),
}
_OF_THE_API = ("Service", "kubernetes")
# What Envoys have only while the clusters are connected: productpage's, and that of cluster2's gateway.
_CALLS, _SUBSETS = (b"reviews.default.global", b"end-user"), (b"_.v2_._",)


class Replays:
    """Plays scripts; all on the same clusters."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._folder = folder
        self._injected: list[str] = []

    async def play(self, script: Script) -> list[Row]:
        """The table of a script that was played on clusters with the mesh and nothing else."""
        async with Stage(self._world, self._folder, script, sample=1) as stage:
            await asyncio.gather(*(self._prepare(stage, name) for name in CLUSTERS))
            self._injected = list(script.injected)
            await until(lambda: _is_as_before(stage), every=0.05)
            return await play(stage, say=lambda _: None)

    async def _prepare(self, stage: Stage, cluster: str) -> None:
        client = stage.clients[cluster]
        await _repair(client)
        kept = {(obj["kind"], obj["metadata"]["name"]) for obj in stage.script.applications[cluster]} | {
            _OF_THE_API
        }
        if (cluster in self._injected) is not (cluster in stage.script.injected):
            kept = {_OF_THE_API}
        await label_namespace(client, NAMESPACE, {"istio-injection": ""})
        for kind, resource in _KINDS.items():
            for obj in (await client.list(resource, Selection(namespace=NAMESPACE))).items:
                if (kind, name := obj["metadata"]["name"]) not in kept:
                    await client.delete(resource, name, namespace=NAMESPACE)
        if kept == {_OF_THE_API}:
            await until(lambda: _has_no_pods(stage, cluster), every=0.05)


async def _repair(client: KubeClient) -> None:
    """The control plane runs, and the gateway has an address."""
    one, public = {"spec": {"replicas": 1}}, {"spec": {"type": "LoadBalancer"}}
    await client.patch(_DEPLOYMENTS, CONTROL_PLANE, one, namespace=SYSTEM_NAMESPACE)
    await client.patch(SERVICES, GATEWAY, public, namespace=SYSTEM_NAMESPACE)
    await wait_available(client, CONTROL_PLANE, timeout=60)
    await until(lambda: gateway_address(client), every=0.05)


async def _has_no_pods(stage: Stage, cluster: str) -> bool:
    return not await stage.pods(cluster)


async def _is_as_before(stage: Stage) -> bool:
    """Whether every proxy is in sync, and none serves the page or knows of connected clusters."""
    try:
        await check_clusters(stage)
    except CheckFailedError:
        return False
    return (
        (await stage.ask_page(PAGE)).status != 200
        and not await _knows(stage, CLUSTER1, "app=productpage", NAMESPACE, _CALLS)
        and not await _knows(stage, CLUSTER2, f"app={GATEWAY}", SYSTEM_NAMESPACE, _SUBSETS)
    )


async def _knows(stage: Stage, cluster: str, labels: str, namespace: str, marks: tuple[bytes, ...]) -> bool:
    """Whether an Envoy of these pods has something with one of the marks."""
    for pod in await stage.pods(cluster, labels, namespace=namespace):
        place = PodPlace(namespace, pod["metadata"]["name"])
        _, dump = await get_from_pod(stage.targets[cluster], place, 15000, "/config_dump")
        if any(mark in dump for mark in marks):
            return True
    return False


@asynccontextmanager
async def running_replays(folder: Path) -> AsyncIterator[Replays]:
    """Two clusters with the mesh, which are gone after the block."""
    async with open_stage(folder, load_script(), sample=1, say=lambda _: None) as stage:
        try:
            yield Replays(stage.world, folder)
        finally:
            await end_holder(folder)
