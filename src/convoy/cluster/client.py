"""Use a world from the host: start one, or connect to the one that runs from a state folder.

`start_world` ends the world at the end of its block, and the world ends with the process in any case.
`connect_world` is for other processes of the same user.
"""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from convoy.cluster.caller import Caller
from convoy.cluster.channel import Channel
from convoy.cluster.errors import WorldGoneError
from convoy.cluster.frames import Message
from convoy.cluster.types import (
    ClusterInfo,
    ClusterSpec,
    ExecResult,
    ImageEntry,
    KubeClusterInfo,
    KubeClusterSpec,
    OutsideInfo,
    OutsideSpec,
    PodStatus,
    Segment,
    WorldEvent,
)
from convoy.cluster.world.starting import connect_control, start_keeper

OnEvent = Callable[[WorldEvent], None]


class World:
    """A running world. Methods raise WorldGoneError once it ended, UnknownNameError for unknown names."""

    def __init__(self, sock: socket.socket, on_event: OnEvent | None = None) -> None:
        self._on_event = on_event
        self._caller = Caller(Channel(sock), on_notice=self._on_notice, gone="the world ended.")

    def _on_notice(self, message: Message) -> None:
        if self._on_event is not None and "event" in message:
            self._on_event(msgspec.convert(message["event"], WorldEvent))

    async def add_cluster(self, spec: ClusterSpec) -> ClusterInfo:
        """Make a cluster."""
        made = await self._caller.call("add_cluster", spec=msgspec.to_builtins(spec))
        return msgspec.convert(made, ClusterInfo)

    async def start_cluster(self, spec: KubeClusterSpec, listener: socket.socket) -> KubeClusterInfo:
        """Start a cluster whose API server answers on the host's `listener`; returns once it is ready.

        It has the objects and addresses it had when it ran from this state folder before. The world keeps its
        own copy of the listener.
        """
        made = await self._caller.call(
            "start_cluster", spec=msgspec.to_builtins(spec), fds=(listener.fileno(),)
        )
        return msgspec.convert(made, KubeClusterInfo)

    async def stop_cluster(self, name: str) -> None:
        """Stop a cluster that `start_cluster` started: its pods end gracefully, its objects are kept."""
        await self._caller.call("stop_cluster", name=name)

    async def kube_clusters(self) -> list[KubeClusterInfo]:
        """The clusters with an API server, in the order they were started."""
        return msgspec.convert(await self._caller.call("kube_clusters"), list[KubeClusterInfo])

    async def open_outside(self, spec: OutsideSpec) -> OutsideInfo:
        """Make the network outside of the clusters, or add names to it."""
        made = await self._caller.call("open_outside", spec=msgspec.to_builtins(spec))
        return msgspec.convert(made, OutsideInfo)

    async def clusters(self) -> list[ClusterInfo]:
        """The clusters in the order they were added."""
        return msgspec.convert(await self._caller.call("clusters"), list[ClusterInfo])

    async def apply(self, cluster: str, manifests: list[dict[str, Any]]) -> None:
        """Take Kubernetes objects in, all or (ManifestError) none.

        An object replaces the one of its name; a pod whose spec or address changed is stopped and started
        anew. Returns at once; pods start side by side.
        """
        await self._caller.call("apply", cluster=cluster, manifests=manifests)

    async def delete(self, cluster: str, kind: str, namespace: str, name: str) -> None:
        """Take an object out; a pod is stopped gracefully, in the background."""
        await self._caller.call("delete", cluster=cluster, kind=kind, namespace=namespace, name=name)

    async def wait_ready(self, cluster: str, *, timeout: float = 60.0) -> None:
        """Until every pod is ready and reachable through its Services.

        Raises WaitError after `timeout` seconds, naming the pods that are not, their state and last log
        lines.
        """
        await self._caller.call("wait_ready", cluster=cluster, timeout=timeout)

    async def pods(self, cluster: str) -> list[PodStatus]:
        """Every pod of a cluster, by namespace and name."""
        return msgspec.convert(await self._caller.call("pods", cluster=cluster), list[PodStatus])

    async def dial(
        self, cluster: str, namespace: str, pod: str, port: int, host: str = "127.0.0.1"
    ) -> socket.socket:
        """A connected, non-blocking TCP socket made inside a pod; `host` is an address. Raises DialError."""
        _result, fds = await self._caller.call_for_fds(
            "dial", cluster=cluster, namespace=namespace, pod=pod, port=port, host=host
        )
        return socket.socket(fileno=fds[0])

    async def exec(
        self,
        cluster: str,
        namespace: str,
        pod: str,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        timeout: float | None = None,
        container: str = "",
    ) -> ExecResult:
        """Run a command with a container's files and variables (by default the first's), no capabilities.

        Raises WaitError after `timeout` seconds, when the command is killed.
        """
        result = await self._caller.call(
            "exec",
            cluster=cluster,
            namespace=namespace,
            pod=pod,
            argv=list(argv),
            stdin=base64.b64encode(stdin).decode(),
            timeout=timeout,
            container=container,
        )
        return msgspec.convert(result, ExecResult)

    async def signal(self, cluster: str, namespace: str, pod: str, container: str, signal: int) -> None:
        """Send a signal to a container's main process."""
        await self._caller.call(
            "signal", cluster=cluster, namespace=namespace, pod=pod, container=container, signal=int(signal)
        )

    async def logs(self, cluster: str, namespace: str, pod: str, container: str = "") -> str:
        """What a container wrote, as far as it is kept (the newest one to two MiB)."""
        text: str = await self._caller.call(
            "logs", cluster=cluster, namespace=namespace, pod=pod, container=container
        )
        return text

    async def capture_start(self, cluster: str, *, port: int) -> int:
        """Begin to collect TCP payloads to and from `port` that cross the cluster's border."""
        number: int = await self._caller.call("capture_start", cluster=cluster, port=port)
        return number

    async def capture_stop(self, capture: int) -> list[Segment]:
        """End a capture; what it saw, in order, at most 8 MiB of it."""
        return msgspec.convert(await self._caller.call("capture_stop", capture=capture), list[Segment])

    async def forward(self, listener: socket.socket, cluster: str, address: str, port: int) -> None:
        """Relay what a listening socket of the host accepts to an address inside.

        `address` may be a load balancer's, a Service's or a pod's of `cluster`. The world keeps its own copy
        of the listener, so the caller may close his.
        """
        await self._caller.call(
            "forward", cluster=cluster, address=address, port=port, fds=(listener.fileno(),)
        )

    async def wait_ended(self) -> None:
        """Until the world is gone."""
        await asyncio.shield(self._caller.ended)  # whoever stops waiting does not end the world for others

    async def close(self) -> None:
        """Let go of the world, which goes on if others hold it."""
        await self._caller.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


@asynccontextmanager
async def start_world(
    *,
    state_dir: Path,
    images: Sequence[ImageEntry] = (),
    hidden: Sequence[Path] = (),
    on_event: OnEvent | None = None,
) -> AsyncIterator[World]:
    """Start a world whose state is in `state_dir`; it ends with the block, or with this process.

    No pod sees the state folder, nor the other folders that are `hidden`.
    Raises NamespacesError where the machine does not allow it, WorldBusyError when one runs from there
    already.
    """
    keeper = await start_keeper(state_dir)
    try:
        world = World(keeper.connection, on_event)
        try:
            await _configure(world, images, hidden, keeper.last_words)
            yield world
        finally:
            await world.close()
    finally:
        await keeper.end()


async def _configure(
    world: World, images: Sequence[ImageEntry], hidden: Sequence[Path], last_words: Callable[[], str]
) -> None:
    try:
        await world._caller.call(
            "configure",
            images=msgspec.to_builtins(list(images)),
            hidden=[str(folder.resolve()) for folder in hidden],
        )
    except WorldGoneError as error:
        raise WorldGoneError(f"the world ended while it was starting: {last_words()}") from error


async def connect_world(state_dir: Path, *, on_event: OnEvent | None = None) -> World:
    """The world that runs from `state_dir`; raises WorldGoneError when there is none. Close it after use."""
    world = World(connect_control(state_dir), on_event)
    try:
        await world._caller.call("hello")
    except BaseException:
        await world.close()
        raise
    return world
