"""The clusters with an API server that run in one world."""

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from convoy.cluster.errors import ManifestError, UnknownNameError
from convoy.cluster.network.nodes import Node
from convoy.cluster.network.routers import Router
from convoy.cluster.supervisor.kube.clusters import Around, KubeCluster
from convoy.cluster.supervisor.kube.places import find_place
from convoy.cluster.types import KubeClusterInfo, KubeClusterSpec, WorldEvent

MakeRouter = Callable[[Sequence[Node], str, str], Router]


class KubeClusters:
    """Starts and stops them; `running` by name in the order they were started."""

    def __init__(
        self,
        state_dir: Path,
        around: Around,
        *,
        make_router: MakeRouter,
        free_router: Callable[[Router], None],
    ) -> None:
        self.running: dict[str, KubeCluster] = {}
        self._folder = state_dir / "clusters"
        self._around = around
        self._make_router = make_router
        self._free_router = free_router
        self._infos: dict[str, KubeClusterInfo] = {}
        self._starting: set[str] = set()

    async def start(self, spec: KubeClusterSpec, listener: socket.socket) -> KubeClusterInfo:
        """Start a cluster, and return once it is ready; raises ManifestError when it runs already.

        `listener` is the host's, and is used up.
        """
        if spec.name in self.running or spec.name in self._starting:
            listener.close()
            raise ManifestError(f'there is a cluster "{spec.name}" already.')
        self._starting.add(spec.name)
        try:
            cluster = self._make(spec)
            self.running[spec.name] = cluster  # its load balancers have names from now on
            try:
                self._infos[spec.name] = await cluster.open(listener)
            except BaseException:
                del self.running[spec.name]
                self._free_router(cluster.router)
                raise
        finally:
            self._starting.discard(spec.name)
        self._around.emit(WorldEvent("cluster-started", spec.name))
        return self._infos[spec.name]

    def _make(self, spec: KubeClusterSpec) -> KubeCluster:
        place = find_place(self._folder, spec)
        nodes = place.nodes(spec.name, spec.nodes)
        router = self._make_router(nodes, place.pod_cidr, place.service_cidr)
        return KubeCluster(spec, place, router, self._around)

    async def stop(self, name: str) -> None:
        """Stop a cluster; raises UnknownNameError."""
        if name not in self._infos:
            raise UnknownNameError(f'there is no cluster "{name}" with an API server.')
        del self._infos[name]
        cluster = self.running[name]
        try:
            await cluster.close()
        finally:
            del self.running[name]
            self._free_router(cluster.router)
        self._around.emit(WorldEvent("cluster-stopped", name))

    def infos(self) -> list[KubeClusterInfo]:
        """Those that are ready, in the order they were started."""
        return list(self._infos.values())

    def balanced_addresses(self) -> Iterable[str]:
        """Every load balancer address that they have."""
        return self._around.shared.addresses()

    async def close(self) -> None:
        """Stop all of them, side by side."""
        async with asyncio.TaskGroup() as tasks:
            for name in list(self._infos):
                tasks.create_task(self._stop_quietly(name))

    async def _stop_quietly(self, name: str) -> None:
        with suppress(UnknownNameError):
            await self.stop(name)
