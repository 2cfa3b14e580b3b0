"""A kubelet with real namespaces and processes, over a real registry, in the words of its tests."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.cluster.images import IMAGES
from tests.cluster.kubelet.forking import forking
from tests.cluster.manifests import Manifest
from tests.kit.waiting import until

from convoy.cluster.caller import Caller
from convoy.cluster.channel import Channel
from convoy.cluster.images import SOURCE_TREE
from convoy.cluster.kubelet.containers import ContainerRunner
from convoy.cluster.kubelet.kubelets import Kubelet
from convoy.cluster.kubelet.networks import PodAddresses, PodKey
from convoy.cluster.kubelet.sandboxes import Sandbox
from convoy.cluster.kubelet.settings import NodeSettings
from convoy.cluster.kubelet.workers import PodWorker
from convoy.cluster.linux.netns import inside, make_netns, write_sysctl
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.pod_access import LogOptions, Session
from convoy.cluster.machinery.requests import DeleteOptions, WriteOptions
from convoy.cluster.machinery.resources import Resource, ResourceTable
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.network.links import LinkWorker
from convoy.cluster.registry import Registry
from convoy.cluster.schema import Schemas
from convoy.cluster.store import Store
from convoy.cluster.tokens import load_issuer
from convoy.cluster.types import ImageEntry

NODE = "node-1"
HOST_IP = "198.18.9.1"


class LonelyNetwork:
    """Gives each pod a namespace where it meets nobody but itself."""

    nameserver = "198.18.9.10"
    host_nameservers = ("198.18.9.1",)
    host_ip = HOST_IP

    def __init__(self) -> None:
        self._worker = LinkWorker()
        self._taken: dict[PodKey, str] = {}
        self._last = 1
        self.withdrawn: list[PodKey] = []

    async def attach(self, pod: PodKey, *, wanted: str = "") -> PodAddresses:
        """As PodNetwork has it."""
        await self.detach(pod)
        if not wanted or wanted in self._taken.values():
            self._last += 1
            wanted = f"198.18.9.{self._last}"
        self._taken[pod] = wanted
        return PodAddresses(await self._worker.run(_make_network, wanted), (wanted,), (HOST_IP,))

    async def withdraw(self, pod: PodKey) -> None:
        """As PodNetwork has it."""
        self.withdrawn.append(pod)

    async def detach(self, pod: PodKey) -> None:
        """As PodNetwork has it."""
        self._taken.pop(pod, None)


def _make_network(address: str) -> int:
    from pyroute2.iproute.linux import IPRoute

    netns = make_netns()
    with inside(netns):
        write_sysctl("ipv4/ip_unprivileged_port_start", "0")
        with IPRoute() as ip:
            loopback = socket.if_nametoindex("lo")
            ip.link("set", index=loopback, state="up")
            ip.addr("add", index=loopback, address=address, prefixlen=32)
    return netns


class Laboratory:
    """One node. Plural names stand for resources."""

    def __init__(self, folder: Path, line: socket.socket) -> None:
        self.folder = folder
        self.store = Store(None)
        self.images: list[ImageEntry] = list(IMAGES)
        self.network = LonelyNetwork()
        self.host_paths: tuple[str, ...] = ()
        self._init = Caller(Channel(line), on_notice=lambda _message: None, gone="the forking process ended")
        self._resources = ResourceTable(BUILTIN)
        self._running: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Make the objects that every cluster has, and start the kubelet."""
        self.store.open()
        self.registry = Registry(store=self.store, resources=self._resources, schemas=Schemas())
        for name in ("default", "kube-node-lease"):
            await self.create("namespaces", {"metadata": {"name": name}}, namespace="")
        account = {"metadata": {"name": "default"}, "automountServiceAccountToken": False}
        await self.create("serviceaccounts", account)
        self.start()

    def start(self) -> None:
        """Start a kubelet, as after the machine went down if there was one."""
        kept = (SOURCE_TREE, sys.prefix, sys.base_prefix, *(path for path in sys.path if Path(path).exists()))
        settings = NodeSettings(
            name=NODE,
            folder=self.folder,
            hidden=(str(self.folder),),
            kept=tuple(path for path in kept if path),
            images=lambda: self.images,
            zone="zone-a",
            host_paths=self.host_paths,
        )
        self.kubelet = Kubelet(
            settings,
            registry=self.registry,
            network=self.network,
            issuer=load_issuer(self.folder / "service-account.key"),
            make_sandbox=self._make_sandbox,
        )
        self._running = asyncio.create_task(self.kubelet.run(), name="kubelet")

    async def stop(self) -> None:
        """The machine goes down, in order."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            await self.kubelet.close()

    async def close(self) -> None:
        """Nothing is left after it."""
        for stored in list(self.store.list("pods")):
            await self.delete(stored.key.name, grace=0)
        await self.stop()
        await self._init.close()
        self.store.close()

    async def _make_sandbox(self, netns: int) -> Sandbox:
        ours, theirs = socket.socketpair()
        with theirs:
            await self._init.call("fork", fds=(theirs.fileno(), netns))
        return Sandbox(ours, netns)

    def resource(self, plural: str) -> Resource:
        """The resource of that name."""
        return next(each for each in self._resources if each.plural == plural)

    async def create(self, plural: str, obj: Manifest, *, namespace: str = "default") -> Manifest:
        """Write a new object."""
        return (await self.registry.create(self.resource(plural), namespace, obj, WriteOptions())).object

    async def change(self, plural: str, name: str, **fields: Any) -> None:
        """Replace top-level fields of an object."""
        await self.registry.modify(
            self.resource(plural), "default", name, lambda obj: {**obj, **fields}, WriteOptions()
        )

    async def run(self, manifest: Manifest) -> None:
        """Create a pod that is bound to the node."""
        spec = {"nodeName": NODE, **manifest["spec"]}
        await self.create("pods", {**manifest, "spec": spec})

    async def relabel(self, name: str, **labels: str) -> None:
        """Give a pod other labels."""

        def change(obj: Manifest) -> Manifest:
            return {**obj, "metadata": {**obj["metadata"], "labels": labels}}

        await self.registry.modify(self.resource("pods"), "default", name, change, WriteOptions())

    async def delete(self, name: str, *, grace: int | None = None) -> None:
        """Ask for the end of a pod."""
        with suppress(StatusError):
            await self.registry.delete(
                self.resource("pods"), "default", name, DeleteOptions(grace), WriteOptions()
            )

    def pod(self, name: str) -> Manifest | None:
        """A pod as it is now; None when it is gone."""
        stored = self.registry.find(self.resource("pods"), "default", name)
        return None if stored is None else stored.object

    async def gone(self, name: str) -> None:
        """Wait until the pod's object is gone."""
        await until(lambda: self.pod(name) is None)

    async def when(self, name: str, holds: Callable[[Manifest], Any]) -> Manifest:
        """The pod's status once it `holds`."""

        def look() -> Manifest | None:
            status = (self.pod(name) or {}).get("status") or {}
            return status if holds(status) else None

        return await until(look)

    async def ready(self, name: str) -> Manifest:
        """The pod's status once it is ready."""
        return await self.when(name, lambda status: condition(status, "Ready") == "True")

    async def phase(self, name: str, wanted: str) -> Manifest:
        """The pod's status once it is in that phase."""
        return await self.when(name, lambda status: status.get("phase") == wanted)

    async def set_condition(self, name: str, kind: str, status: str) -> None:
        """Write a condition as some other controller would."""

        def change(obj: Manifest) -> Manifest:
            conditions = [*obj["status"]["conditions"], {"type": kind, "status": status}]
            return {**obj, "status": {**obj["status"], "conditions": conditions}}

        await self._modify_pod(name, change, subresource="status")

    async def bind_claim(self, name: str, volume: str) -> None:
        """Bind a claim to a new volume, as the controller of claims would."""
        spec = {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/mnt/data"},
        }
        await self.create("persistentvolumes", {"metadata": {"name": volume}, "spec": spec}, namespace="")
        claims = self.resource("persistentvolumeclaims")

        def name_volume(obj: Manifest) -> Manifest:
            return {**obj, "spec": {**obj["spec"], "volumeName": volume}}

        def mark(obj: Manifest) -> Manifest:
            return {**obj, "status": {**(obj.get("status") or {}), "phase": "Bound"}}

        await self.registry.modify(claims, "default", name, name_volume, WriteOptions())
        await self.registry.modify(claims, "default", name, mark, WriteOptions(), subresource="status")

    async def set_image(self, name: str, image: str) -> None:
        """Give the pod's first container another image."""

        def change(obj: Manifest) -> Manifest:
            first, *others = obj["spec"]["containers"]
            return {**obj, "spec": {**obj["spec"], "containers": [{**first, "image": image}, *others]}}

        await self._modify_pod(name, change)

    async def debug(self, name: str, container: Manifest) -> None:
        """Add an ephemeral container."""

        def change(obj: Manifest) -> Manifest:
            return {**obj, "spec": {**obj["spec"], "ephemeralContainers": [container]}}

        await self._modify_pod(name, change, subresource="ephemeralcontainers")

    async def _modify_pod(
        self, name: str, change: Callable[[Manifest], Manifest], *, subresource: str = ""
    ) -> None:
        await self.registry.modify(
            self.resource("pods"), "default", name, change, WriteOptions(), subresource=subresource
        )

    async def listening(self, name: str, port: int) -> None:
        """Wait until something in a pod accepts connections."""

        async def look() -> bool:
            try:
                (await self.kubelet.connect("default", name, port)).close()
            except OSError:
                return False
            return True

        await until(look)

    def find(self, plural: str, name: str, *, namespace: str = "") -> Manifest | None:
        """An object as it is now; None when there is none."""
        stored = self.registry.find(self.resource(plural), namespace, name)
        return None if stored is None else stored.object

    def _worker(self, name: str) -> PodWorker | None:
        return self.kubelet.find_worker("default", name)

    def is_running(self, name: str) -> bool:
        """Whether anything of a pod is left, its object apart."""
        return self._worker(name) is not None

    def runner(self, name: str, container: str = "") -> ContainerRunner:
        """What runs a container."""
        worker = self._worker(name)
        assert worker is not None
        return worker.runner.runner(container)

    def process_of(self, name: str) -> int:
        """The number of a container's process inside its pod."""
        process = self.runner(name).process
        return process.pid if process else 0

    def volume(self, name: str, volume: str) -> Path:
        """The folder of a pod's emptyDir."""
        uid = (self.pod(name) or {})["metadata"]["uid"]
        return self.folder / "nodes" / NODE / "pods" / uid / "volumes" / volume

    def kill_init(self, name: str) -> None:
        """Kill PID 1 of a pod, from outside."""
        netns = os.fstat(self.runner(name).process.sandbox.netns).st_ino  # type: ignore[union-attr]
        for pid in _processes():
            with suppress(OSError):
                is_pods = os.stat(f"/proc/{pid}/ns/net").st_ino == netns
                if is_pods and Path(f"/proc/{pid}/comm").read_text() == "convoy-pod\n":
                    os.kill(pid, signal.SIGKILL)

    @staticmethod
    def commands_running(command: str) -> list[int]:
        """The processes of this machine with that command line."""
        found = []
        for pid in _processes():
            with suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if b" ".join(words).decode(errors="replace").strip() == command:
                    found.append(pid)
        return found

    def events(self, name: str) -> list[tuple[str, str]]:
        """Reasons and messages of a pod's events, the oldest first."""
        found = [stored.object for stored in self.store.list("events", "default")]
        mine = [each for each in found if each["involvedObject"]["name"] == name]
        mine.sort(key=lambda each: int(each["metadata"]["resourceVersion"]))
        return [(each["reason"], each["message"]) for each in mine]

    async def event(self, name: str, reason: str, *, about: str = "") -> str:
        """The message of a pod's event of that reason, once there is one."""

        def look() -> str:
            return next((text for why, text in self.events(name) if why == reason and about in text), "")

        return await until(look)

    async def log(self, name: str, container: str = "", **options: Any) -> str:
        """A container's log."""
        pieces = self.kubelet.logs("default", name, container, LogOptions(**options))
        return b"".join([piece async for piece in pieces]).decode()

    async def logged(self, name: str, text: str, container: str = "") -> str:
        """A container's log once `text` is in it."""

        async def look() -> str:
            with suppress(StatusError):
                log = await self.log(name, container)
                return log if text in log else ""
            return ""

        return await until(look)

    async def sh(self, name: str, script: str, container: str = "") -> str:
        """What a script writes that is run in a pod."""
        return (await self.exec(name, "sh", "-c", script, container=container))[1]

    async def exec(self, name: str, *command: str, container: str = "") -> tuple[int, str]:
        """The exit code and everything written of a command."""
        session = await self.kubelet.exec("default", name, container, command, stdin=False, tty=False)
        return await finish(session)


async def finish(session: Session) -> tuple[int, str]:
    """Read a session to its end."""
    text = b"".join([data async for _stream, data in session.output()])
    code = await session.wait()
    await session.close()
    return code, text.decode()


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def reason(status: Mapping[str, Any]) -> str:
    """Why a container is in its state."""
    return str(next(iter((status.get("state") or {"": {}}).values())).get("reason", ""))


def condition(status: Mapping[str, Any], kind: str) -> str:
    """The status of one of a pod's conditions, "" when there is none."""
    return next((each["status"] for each in status.get("conditions") or [] if each["type"] == kind), "")


def container_of(status: Mapping[str, Any], name: str = "app") -> dict[str, Any]:
    """The status of one container."""
    everyone = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    return next((each for each in everyone if each["name"] == name), {})


@asynccontextmanager
async def laboratory(folder: Path) -> AsyncIterator[Laboratory]:
    """A running kubelet; at the end nothing of it is left."""
    with forking() as line:
        made = Laboratory(folder, line)
        await made.open()
        try:
            yield made
        finally:
            await made.close()
