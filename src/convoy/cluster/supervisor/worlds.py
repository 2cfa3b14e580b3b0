"""The whole world inside: its clusters, doors and captures, and the pods' sandboxes made through its init."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from convoy.cluster.caller import Caller
from convoy.cluster.channel import Channel
from convoy.cluster.errors import ManifestError, UnknownNameError
from convoy.cluster.images import SOURCE_TREE
from convoy.cluster.kubelet.sandboxes import Sandbox
from convoy.cluster.network import links
from convoy.cluster.network.nodes import plan_nodes
from convoy.cluster.network.routers import WAN_GATEWAY, Router
from convoy.cluster.supervisor.captures import Capture
from convoy.cluster.supervisor.clusters import Cluster
from convoy.cluster.supervisor.forwards import Forward
from convoy.cluster.supervisor.placing import Surroundings
from convoy.cluster.tokens import load_issuer
from convoy.cluster.types import ClusterInfo, ClusterSpec, ImageEntry, WorldEvent


class World:
    """Everything the supervisor owns."""

    def __init__(self, line: socket.socket, state_dir: Path, emit: Callable[[WorldEvent], None]) -> None:
        self.images: tuple[ImageEntry, ...] = ()
        self._state_dir = state_dir
        self._emit = emit
        self._init = Caller(Channel(line), on_notice=lambda _message: None, gone="the world's init ended")
        self._worker = links.LinkWorker()
        self._clusters: dict[str, Cluster] = {}
        self._infos: dict[str, ClusterInfo] = {}
        self._forwards: list[Forward] = []
        self._captures: dict[int, Capture] = {}
        self._last_capture = 0

    async def open(self) -> None:
        """Make what all clusters share; fails at once where links or nft do not work."""
        links.find_nft()
        await self._worker.run(links.make_wan, WAN_GATEWAY)

    async def add_cluster(self, spec: ClusterSpec) -> ClusterInfo:
        """Make a cluster; raises ManifestError when its name is taken."""
        if spec.name in self._clusters:
            raise ManifestError(f'there is a cluster "{spec.name}" already.')
        router = Router(
            plan_nodes(spec.name, 1, pod_cidr=spec.pod_cidr, region=""),
            len(self._clusters),
            pod_cidr=spec.pod_cidr,
            service_cidr=spec.service_cidr,
            worker=self._worker,
        )
        issuer = load_issuer(self._state_dir / "clusters" / spec.name / "service-account.key")
        cluster = Cluster(spec, router, issuer, self._surroundings())
        self._clusters[spec.name] = cluster
        try:
            self._infos[spec.name] = await cluster.open()
        except BaseException:
            del self._clusters[spec.name]
            raise
        self._emit(WorldEvent("cluster-added", spec.name))
        return self._infos[spec.name]

    def cluster(self, name: str) -> Cluster:
        """A cluster by name; raises UnknownNameError."""
        if name not in self._infos:
            raise UnknownNameError(
                f'there is no cluster "{name}"; there are: {", ".join(sorted(self._infos)) or "none"}.'
            )
        return self._clusters[name]

    def clusters(self) -> list[ClusterInfo]:
        """The clusters in the order they were added."""
        return list(self._infos.values())

    async def forward(self, listener: socket.socket, cluster: Cluster, address: str, port: int) -> None:
        """Relay what the host's `listener` accepts to an address that the cluster's router reaches."""
        forward = Forward(listener, lambda: cluster.connect(address, port))
        await forward.open()
        self._forwards.append(forward)

    def start_capture(self, cluster: Cluster, port: int) -> int:
        """Begin to collect what crosses a cluster's border; gives the number that `stop_capture` takes."""
        self._last_capture += 1
        self._captures[self._last_capture] = Capture(cluster.router.netns, port)
        return self._last_capture

    def stop_capture(self, number: int) -> Capture:
        """Take a capture out; raises UnknownNameError."""
        if number not in self._captures:
            raise UnknownNameError(f"there is no capture {number}.")
        return self._captures.pop(number)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            state_dir=self._state_dir,
            images=self.images,
            kept_paths=kept_paths(),
            make_sandbox=self._make_sandbox,
            other_load_balancers=self._other_load_balancers,
            world_names=self._world_names,
            names_changed=self._refresh_names,
            emit=self._emit,
        )

    async def _make_sandbox(self, netns: int) -> Sandbox:
        ours, theirs = socket.socketpair()
        with theirs:
            await self._init.call("fork", fds=(theirs.fileno(), netns))
        return Sandbox(ours, netns)

    def _other_load_balancers(self, cluster: str) -> frozenset[str]:
        routers = {other.router.wan_address for other in self._clusters.values()}
        others = [other.load_balancers() for name, other in self._clusters.items() if name != cluster]
        return frozenset(routers).union({WAN_GATEWAY.partition("/")[0]}, *others)

    def _world_names(self) -> dict[str, tuple[str, ...]]:
        names: dict[str, tuple[str, ...]] = {}
        for cluster in self._clusters.values():
            names |= cluster.own_names()
        return names

    def _refresh_names(self) -> None:
        for cluster in self._clusters.values():
            cluster.refresh_names()


def kept_paths() -> tuple[str, ...]:
    """What a pod must see to run Python programs, wherever it is installed."""
    wanted = {sys.prefix, sys.base_prefix, os.path.dirname(sys.executable), SOURCE_TREE}
    wanted |= {entry for entry in sys.path if entry and os.path.exists(entry)}
    return tuple(sorted(wanted | {os.path.realpath(path) for path in wanted}))
