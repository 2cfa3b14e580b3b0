"""The whole world inside: its clusters, doors and captures, and the pods' sandboxes made through its init."""

import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from convoy.cluster.caller import Caller
from convoy.cluster.channel import Channel
from convoy.cluster.dns.records import Names
from convoy.cluster.dns.zones import WorldNames
from convoy.cluster.errors import DialError, ManifestError, UnknownNameError
from convoy.cluster.images import SOURCE_TREE
from convoy.cluster.kubelet.sandboxes import Sandbox
from convoy.cluster.network import links
from convoy.cluster.network.balancers import SharedAddresses
from convoy.cluster.network.nodes import Node, plan_nodes
from convoy.cluster.network.routers import WAN_GATEWAY, Router
from convoy.cluster.supervisor.captures import Capture
from convoy.cluster.supervisor.clusters import Cluster
from convoy.cluster.supervisor.connecting import connect_from
from convoy.cluster.supervisor.forwards import Forward
from convoy.cluster.supervisor.kube.clusters import Around
from convoy.cluster.supervisor.kube.running import KubeClusters
from convoy.cluster.supervisor.outdoors import Outdoors
from convoy.cluster.supervisor.placing import Surroundings
from convoy.cluster.tokens import load_issuer
from convoy.cluster.types import ClusterInfo, ClusterSpec, ImageEntry, WorldEvent


class World:
    """Everything the supervisor owns."""

    def __init__(self, line: socket.socket, state_dir: Path, emit: Callable[[WorldEvent], None]) -> None:
        self.images: tuple[ImageEntry, ...] = ()
        self.hidden: tuple[str, ...] = (str(state_dir),)
        self._state_dir = state_dir
        self._emit = emit
        self._init = Caller(Channel(line), on_notice=lambda _message: None, gone="the world's init ended")
        self._worker = links.LinkWorker()
        self._clusters: dict[str, Cluster] = {}
        self._infos: dict[str, ClusterInfo] = {}
        self._routers: dict[int, Router] = {}
        self._forwards: list[Forward] = []
        self._captures: dict[int, Capture] = {}
        self._last_capture = 0
        self.outside = Outdoors(state_dir / "outside", self._worker)
        self.kube = KubeClusters(
            state_dir,
            Around(
                state_dir=state_dir,
                hidden=lambda: self.hidden,
                kept_paths=kept_paths(),
                images=lambda: self.images,
                make_sandbox=self._make_sandbox,
                shared=SharedAddresses(),
                names=self._shared_names(),
                emit=emit,
            ),
            make_router=self._make_router,
            free_router=self._free_router,
        )

    async def open(self) -> None:
        """Make what all clusters share; fails at once where links or nft do not work."""
        links.find_nft()
        await self._worker.run(links.make_wan, WAN_GATEWAY)

    async def add_cluster(self, spec: ClusterSpec) -> ClusterInfo:
        """Make a cluster of static pods; raises ManifestError when its name is taken."""
        if spec.name in self._clusters or spec.name in self.kube.running:
            raise ManifestError(f'there is a cluster "{spec.name}" already.')
        nodes = plan_nodes(spec.name, 1, pod_cidr=spec.pod_cidr, region="")
        router = self._make_router(nodes, spec.pod_cidr, spec.service_cidr)
        issuer = load_issuer(self._state_dir / "clusters" / spec.name / "service-account.key")
        cluster = Cluster(spec, router, issuer, self._surroundings())
        self._clusters[spec.name] = cluster
        try:
            self._infos[spec.name] = await cluster.open()
        except BaseException:
            del self._clusters[spec.name]
            self._free_router(router)
            raise
        self._emit(WorldEvent("cluster-added", spec.name))
        return self._infos[spec.name]

    def cluster(self, name: str) -> Cluster:
        """A cluster of static pods by name; raises UnknownNameError."""
        if name not in self._infos:
            raise UnknownNameError(
                f'there is no cluster "{name}"; there are: {", ".join(sorted(self._infos)) or "none"}.'
            )
        return self._clusters[name]

    def clusters(self) -> list[ClusterInfo]:
        """The clusters of static pods in the order they were added."""
        return list(self._infos.values())

    def router(self, name: str) -> Router:
        """The router of a cluster of either sort; raises UnknownNameError."""
        if (cluster := self.kube.running.get(name)) is not None:
            return cluster.router
        return self.cluster(name).router

    def _make_router(self, nodes: Sequence[Node], pod_cidr: str, service_cidr: str) -> Router:
        """A router with the lowest number that no other has; not made yet."""
        number = next(number for number in range(len(self._routers) + 1) if number not in self._routers)
        router = Router(nodes, number, pod_cidr=pod_cidr, service_cidr=service_cidr, worker=self._worker)
        self._routers[number] = router
        return router

    def _free_router(self, router: Router) -> None:
        self._routers = {number: other for number, other in self._routers.items() if other is not router}

    async def forward(self, listener: socket.socket, name: str, address: str, port: int) -> None:
        """Relay what the host's `listener` accepts to an address that a cluster's router reaches."""
        self.router(name)
        forward = Forward(listener, lambda: self._connect(name, address, port))
        await forward.open()
        self._forwards.append(forward)

    async def _connect(self, name: str, address: str, port: int) -> socket.socket:
        """A connection from a cluster's router; DialError while the cluster does not run."""
        try:
            netns = self.router(name).netns
        except UnknownNameError as error:
            raise DialError(str(error)) from error
        return await connect_from(netns, address, port)

    def start_capture(self, name: str, port: int) -> int:
        """Begin to collect what crosses a cluster's border; gives the number that `stop_capture` takes."""
        netns = self.router(name).netns
        self._last_capture += 1
        self._captures[self._last_capture] = Capture(netns, port)
        return self._last_capture

    def stop_capture(self, number: int) -> Capture:
        """Take a capture out; raises UnknownNameError."""
        if number not in self._captures:
            raise UnknownNameError(f"there is no capture {number}.")
        return self._captures.pop(number)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            state_dir=self._state_dir,
            hidden=self.hidden,
            images=self.images,
            kept_paths=kept_paths(),
            make_sandbox=self._make_sandbox,
            other_load_balancers=self._other_load_balancers,
            shared_names=self._shared_names(),
            emit=self._emit,
        )

    async def _make_sandbox(self, netns: int) -> Sandbox:
        ours, theirs = socket.socketpair()
        with theirs:
            await self._init.call("fork", fds=(theirs.fileno(), netns))
        return Sandbox(ours, netns)

    def _other_load_balancers(self, cluster: str) -> frozenset[str]:
        routers = {router.wan_address for router in self._routers.values()}
        others = [other.load_balancers() for name, other in self._clusters.items() if name != cluster]
        given = self.kube.balanced_addresses()
        return frozenset(routers).union({WAN_GATEWAY.partition("/")[0]}, given, *others)

    def _shared_names(self) -> tuple[Names, ...]:
        return (WorldNames(self._find_balanced), self.outside)

    def _find_balanced(self, cluster: str, service: str) -> tuple[str, ...]:
        if (kube := self.kube.running.get(cluster)) is not None:
            return kube.balanced(service)
        other = self._clusters.get(cluster)
        return other.balanced(service) if other is not None else ()


def kept_paths() -> tuple[str, ...]:
    """What a pod must see to run Python programs, wherever it is installed."""
    wanted = {sys.prefix, sys.base_prefix, os.path.dirname(sys.executable), SOURCE_TREE}
    wanted |= {entry for entry in sys.path if entry and os.path.exists(entry)}
    return tuple(sorted(wanted | {os.path.realpath(path) for path in wanted}))
