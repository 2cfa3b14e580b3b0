"""A node's agent: runs the pods that are bound to its node, and tells the API how they are."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping

from convoy.cluster.kubelet.claims import Claims
from convoy.cluster.kubelet.doors import Doors
from convoy.cluster.kubelet.events import About, EventWriter
from convoy.cluster.kubelet.folders import Folders
from convoy.cluster.kubelet.following import follow
from convoy.cluster.kubelet.networks import PodNetwork
from convoy.cluster.kubelet.node import NodeKeeper
from convoy.cluster.kubelet.references import Reference, RegistryObjects
from convoy.cluster.kubelet.sandboxing import SandboxMaker
from convoy.cluster.kubelet.service_links import service_variables
from convoy.cluster.kubelet.settings import MakeSandbox, NodeSettings
from convoy.cluster.kubelet.tools import Tools
from convoy.cluster.kubelet.users import can_change_user
from convoy.cluster.kubelet.workers import PodWorker
from convoy.cluster.machinery.pod_access import LogOptions, Session
from convoy.cluster.registry.registry import Registry
from convoy.cluster.store import Event, Key, Stored
from convoy.cluster.tokens import TokenIssuer
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.logs import get_logger

_SHUTDOWN = 5.0
log = get_logger("cluster.kubelet")


class Kubelet:
    """Runs one node's pods. Implements `machinery.pod_access.PodAccess` for them."""

    def __init__(
        self,
        node: NodeSettings,
        *,
        registry: Registry,
        network: PodNetwork,
        issuer: TokenIssuer,
        make_sandbox: MakeSandbox,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.node = node
        self._registry = registry
        self._folders = Folders(node.folder, node.name)
        self._keeper = NodeKeeper(node, registry=registry, address=network.host_ip, clock=clock)
        self._claims = Claims(registry, self._folders, node.folder)
        self._services = registry.resources.stored("services")
        self._events = EventWriter(registry, node.name, clock)
        maker = SandboxMaker(
            node,
            network=network,
            folders=self._folders,
            make_sandbox=make_sandbox,
            claims=self._claims,
        )
        self._tools = Tools(
            node=node,
            registry=registry,
            pods=registry.resources.stored("pods"),
            network=network,
            issuer=issuer,
            maker=maker,
            folders=self._folders,
            objects=RegistryObjects(registry),
            events=self._events,
            service_variables=self._service_variables,
            allocatable=self._keeper.capacity,
            can_change_user=can_change_user(),
            clock=clock,
        )
        self._workers: dict[str, PodWorker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._doors = Doors(self._tools.pods, self.find_worker)

    def _service_variables(self, namespace: str, links: bool) -> Mapping[str, str]:
        services = (stored.object for stored in self._registry.list(self._services))
        return service_variables(services, namespace, links=links)

    def find_worker(self, namespace: str, name: str) -> PodWorker | None:
        """The newest worker of that name."""
        for worker in reversed(self._workers.values()):
            if (worker.key.namespace, worker.key.name) == (namespace, name):
                return worker
        return None

    async def run(self) -> None:
        """Register the node, keep it ready and run its pods, until cancelled."""
        await self._sweep()
        await self._keeper.register()
        about = ("Node", "", self.node.name, self.node.name, "")
        self._events.record(About(*about, "Normal", "Starting", "Starting kubelet."))
        store = self._registry.store
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keeper.run(), name=f"node:{self.node.name}")
            tasks.create_task(self._events.run(), name=f"events:{self.node.name}")
            tasks.create_task(follow(store, "pods", self._take_pod), name=f"pods:{self.node.name}")
            for storage in ("configmaps", "secrets"):
                tasks.create_task(
                    follow(store, storage, self._tell_of(storage)), name=f"{storage}:{self.node.name}"
                )
            tasks.create_task(follow(store, "persistentvolumes", self._take_volume), name="volumes")

    async def _sweep(self) -> None:
        pods = {stored.object["metadata"]["uid"] for stored in self._registry.list(self._tools.pods)}
        await self._folders.sweep(pods=pods, volumes=self._claims.volumes())

    def _take_pod(self, event: Event) -> None:
        obj = event.stored.object
        if obj["spec"].get("nodeName") != self.node.name:
            return
        worker = self._workers.get(obj["metadata"]["uid"])
        if event.type == "DELETED":
            if worker is not None:
                worker.remove()
        elif worker is not None:
            worker.update(obj)
        else:
            self._start(event.stored)

    def _start(self, stored: Stored) -> None:
        metadata = stored.object["metadata"]
        uid = metadata["uid"]
        try:
            worker = PodWorker(stored.object, self._tools)
        except Exception as error:  # one pod that cannot be read costs only itself
            about = ("Pod", metadata["namespace"], metadata["name"], uid, "")
            self._events.record(
                About(*about, "Warning", "FailedSync", f"The kubelet cannot read it: {error}")
            )
            return
        self._workers[uid] = worker
        task = asyncio.create_task(worker.run(), name=f"pod:{worker.key}")
        self._tasks[uid] = task
        task.add_done_callback(lambda done: self._forget(uid, done))

    def _forget(self, uid: str, task: asyncio.Task[None]) -> None:
        worker = self._workers.pop(uid)
        del self._tasks[uid]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("pod worker failed", pod=str(worker.key), exc_info=error)

    def _tell_of(self, storage: str) -> Callable[[Event], None]:
        return lambda event: self._tell_workers(storage, event.stored.key)

    def _tell_workers(self, storage: str, key: Key) -> None:
        reference = Reference(storage, key.namespace, key.name)
        for worker in self._workers.values():
            if reference in worker.references:
                worker.note_news()

    def _take_volume(self, event: Event) -> None:
        if event.type == "DELETED":
            uid = event.stored.object["metadata"]["uid"]
            task = asyncio.create_task(self._folders.remove_volume(uid), name=f"volume:{uid}")
            self._tasks[uid] = task
            task.add_done_callback(lambda _done: self._tasks.pop(uid, None))

    async def close(self) -> None:
        """End every pod gracefully, at most for a few seconds; their objects stay. After `run` has ended."""
        await asyncio.gather(*(worker.shut_down(_SHUTDOWN) for worker in self._workers.values()))
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def logs(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        return self._doors.logs(namespace, pod, container, options)

    async def exec(
        self, namespace: str, pod: str, container: str, command: tuple[str, ...], *, stdin: bool, tty: bool
    ) -> Session:
        return await self._doors.exec(namespace, pod, container, command, stdin=stdin, tty=tty)

    async def attach(self, namespace: str, pod: str, container: str, *, stdin: bool, tty: bool) -> Session:
        return await self._doors.attach(namespace, pod, container, stdin=stdin, tty=tty)

    async def connect(self, namespace: str, pod: str, port: int) -> socket.socket:
        return await self._doors.connect(namespace, pod, port)
