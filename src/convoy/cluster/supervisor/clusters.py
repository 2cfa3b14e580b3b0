"""One cluster of the world: its objects, router, pods and names, and what follows from a change of any."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from convoy.api.kube.core import Pod, Service
from convoy.api.meta import ObjectKey
from convoy.cluster.dns import build_name_table, load_balancer_names
from convoy.cluster.errors import DialError, UnknownNameError, WaitError, WorldError
from convoy.cluster.images import find_entry
from convoy.cluster.kubelet.containers import PodContext
from convoy.cluster.kubelet.environment import service_account
from convoy.cluster.kubelet.names import build_hosts, build_resolv_conf, host_name
from convoy.cluster.kubelet.pods import PodRunner
from convoy.cluster.kubelet.sandboxes import Sandbox
from convoy.cluster.kubelet.volumes import Issue, TokenRequest, plan_volumes
from convoy.cluster.linux.netns import socket_in
from convoy.cluster.network.routers import Router
from convoy.cluster.network.services import PodEndpoint, plan_rules
from convoy.cluster.objects import ObjectStore, key_of, load_balancer_addresses, parse_manifest
from convoy.cluster.supervisor.names import NameServer
from convoy.cluster.tokens import TokenIssuer
from convoy.cluster.types import ClusterInfo, ClusterSpec, ImageEntry, PodStatus, WorldEvent
from convoy.cluster.unsupported import check_supported
from convoy.kit.latest import LatestValue

_DIAL_TIMEOUT = 5.0
_LAST_LINES = 5

MakeSandbox = Callable[[int], Awaitable[Sandbox]]


class Surroundings(msgspec.Struct, frozen=True):
    """What a cluster needs of the world around it."""

    state_dir: Path
    images: tuple[ImageEntry, ...]
    kept_paths: tuple[str, ...]
    make_sandbox: MakeSandbox
    other_load_balancers: Callable[[str], frozenset[str]]
    world_names: Callable[[], Mapping[str, tuple[str, ...]]]
    names_changed: Callable[[], None]
    emit: Callable[[WorldEvent], None]


class Cluster:
    """One embedded cluster."""

    def __init__(self, spec: ClusterSpec, router: Router, issuer: TokenIssuer, around: Surroundings) -> None:
        self.spec = spec
        self.router = router
        self.objects = ObjectStore(spec)
        self._issuer = issuer
        self._around = around
        self._pods: dict[ObjectKey, PodRunner] = {}
        self._stopping: dict[ObjectKey, asyncio.Task[None]] = {}
        self._names = NameServer()
        self._changed = LatestValue[int]()  # pods or objects changed
        self._objects_changed = LatestValue[int]()
        self._applied = 0
        self._applied_event = LatestValue[int]()
        self._follower: asyncio.Task[None] | None = None

    async def open(self) -> ClusterInfo:
        """Make router and DNS, and begin to follow changes."""
        await self.router.make()
        await self._names.open(self.router.netns, self.router.address)
        self._follower = asyncio.create_task(self._follow_changes(), name=f"cluster:{self.spec.name}")
        return ClusterInfo(self.spec.name, self._issuer.jwks(), self.router.address)

    def apply(self, manifests: list[dict[str, Any]]) -> None:
        """Take objects in, all or none; pods start, or start anew when what they run changed."""
        parsed = [parse_manifest(manifest) for manifest in manifests]
        for item in parsed:
            check_supported(item)
        taken = self._around.other_load_balancers(self.spec.name)
        stored = [self.objects.put(item, taken=taken) for item in parsed]
        for item in stored:
            if isinstance(item, Pod):
                self._place(item)
        self._objects_changed.set(0)
        self._note_change()
        self._around.names_changed()

    def delete(self, key: ObjectKey) -> None:
        """Take an object out; raises UnknownNameError."""
        if self.objects.remove(key) is None:
            raise UnknownNameError(f"cluster {self.spec.name} has no {key}.")
        self._remove_pod(key)
        self._objects_changed.set(0)
        self._note_change()
        self._around.names_changed()

    def _place(self, pod: Pod) -> None:
        key = key_of(pod)
        current = self._pods.get(key)
        if current is not None and _runs_alike(current.pod, pod):
            current.pod = pod
            return
        self._remove_pod(key)
        runner = PodRunner(
            PodContext(
                pod=pod,
                objects=self.objects,
                images=self._around.images,
                report=lambda what, container, detail: self._report(pod, what, container, detail),
                wait_objects=self._wait_objects,
            ),
            make_sandbox=lambda: self._make_sandbox(pod),
            issue=self._issue_for(pod),
            logs=self.logs_dir(pod),
        )
        self._pods[key] = runner
        runner.start()

    def logs_dir(self, pod: Pod) -> Path:
        """Where the logs of a pod's containers are."""
        return self._around.state_dir / "logs" / self.spec.name / pod.metadata.namespace / pod.metadata.name

    def _remove_pod(self, key: ObjectKey) -> None:
        runner = self._pods.pop(key, None)
        if runner is None:
            return
        earlier = self._stopping.get(key)
        self._stopping[key] = asyncio.create_task(self._stop(key, runner, earlier), name=f"stop:{key}")

    async def _stop(self, key: ObjectKey, runner: PodRunner, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        await runner.stop()
        if self._stopping.get(key) is asyncio.current_task():
            del self._stopping[key]
        self._report(runner.pod, "pod-stopped", "", "")

    async def _make_sandbox(self, pod: Pod) -> Sandbox:
        if (stopping := self._stopping.get(key_of(pod))) is not None:
            await asyncio.wait([stopping])  # the address is still in use
        netns, link = await self.router.make_pod_network(pod.status.pod_ip)
        sandbox = await self._around.make_sandbox(netns)
        sandbox.ended.add_done_callback(lambda _ended: self._unlink(link))
        await sandbox.furnish(
            {
                "hostname": host_name(pod),
                "hidden": [str(self._around.state_dir)],
                "kept": [*self._around.kept_paths, *self._image_paths(pod)],
                "volumes": plan_volumes(pod),
                "resolv_conf": build_resolv_conf(pod, self.router.address),
                "hosts": build_hosts(pod),
            }
        )
        self._report(pod, "pod-created", "", pod.status.pod_ip)
        return sandbox

    def _unlink(self, link: str) -> None:
        task = asyncio.create_task(self.router.remove_pod_network(link), name=f"unlink:{link}")
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _image_paths(self, pod: Pod) -> list[str]:
        paths: list[str] = []
        for container in (*pod.spec.init_containers, *pod.spec.containers):
            entry = find_entry(container.image, self._around.images)
            if entry is not None:
                paths += [path for path in (*entry.keep, entry.cwd) if path not in ("", "/")]
        return paths

    def _issue_for(self, pod: Pod) -> Issue:
        def issue(request: TokenRequest) -> str:
            return self._issuer.issue(
                pod.metadata.namespace,
                service_account(pod),
                audiences=[request.audience],
                expiry=request.expiry,
                pod_name=pod.metadata.name,
                pod_uid=pod.metadata.uid,
            )

        return issue

    async def _wait_objects(self) -> None:
        await self._objects_changed.wait_newer(self._objects_changed.number)

    def _report(self, pod: Pod, what: str, container: str, detail: str) -> None:
        self._note_change()
        if what:
            name = f"{pod.metadata.namespace}/{pod.metadata.name}"
            self._around.emit(WorldEvent(what, self.spec.name, name, container, detail))

    def _note_change(self) -> None:
        self._changed.set(0)

    async def _follow_changes(self) -> None:
        """Bring service rules and names up to date with the pods, as often as they change and no oftener."""
        seen = 0
        while True:
            seen, _ = await self._changed.wait_newer(seen)
            self.refresh_names()
            try:
                await self.router.apply(
                    plan_rules(self.objects.all(Service), self._endpoints()), self.load_balancers()
                )
            except WorldError as error:
                self._around.emit(WorldEvent("rules-failed", self.spec.name, detail=str(error)))
            self._applied = seen
            self._applied_event.set(seen)

    def refresh_names(self) -> None:
        """Make the DNS table anew."""
        services = list(self.objects.all(Service))
        self._names.table = build_name_table(services, self._endpoints(), self._around.world_names())

    def own_names(self) -> dict[str, tuple[str, ...]]:
        """What this cluster adds to the names that every cluster knows."""
        return load_balancer_names(self.spec.name, self.objects.all(Service))

    def load_balancers(self) -> frozenset[str]:
        """The addresses this cluster's router owns for its Services."""
        return frozenset(
            address for service in self.objects.all(Service) for address in load_balancer_addresses(service)
        )

    def _endpoints(self) -> list[PodEndpoint]:
        return [PodEndpoint(runner.pod, runner.status().ready) for runner in self._pods.values()]

    def statuses(self) -> list[PodStatus]:
        """Every pod's status, by namespace and name."""
        return [self._pods[key].status() for key in sorted(self._pods)]

    def pod(self, namespace: str, name: str) -> PodRunner:
        """The runner of a pod; raises UnknownNameError."""
        runner = self._pods.get(ObjectKey(Pod.KIND, namespace, name))
        if runner is None:
            raise UnknownNameError(f"cluster {self.spec.name} has no pod {namespace}/{name}.")
        return runner

    async def wait_ready(self, timeout: float) -> None:
        """Until every pod is ready or has succeeded, and the rules that follow from it are in force."""
        try:
            async with asyncio.timeout(timeout):
                await self._until_ready()
        except TimeoutError as error:
            raise WaitError(self._describe_unready(timeout)) from error

    async def _until_ready(self) -> None:
        while not all(status.ready or status.phase == "Succeeded" for status in self.statuses()):
            await self._changed.wait_newer(self._changed.number)
        wanted = self._changed.number
        while self._applied < wanted:
            await self._applied_event.wait_newer(self._applied_event.number)

    def _describe_unready(self, timeout: float) -> str:
        lines = [f"cluster {self.spec.name}: not every pod was ready within {timeout:g} s."]
        for status in self.statuses():
            if not status.ready and status.phase != "Succeeded":
                lines += self._describe(status)
        return "\n".join(lines)

    def _describe(self, status: PodStatus) -> list[str]:
        runner = self.pod(status.namespace, status.name)
        lines = [f"pod {status.namespace}/{status.name}: {status.phase} {status.message}".rstrip()]
        for container in status.containers:
            if container.ready or container.reason == "Completed":
                continue
            state = (
                " ".join(filter(None, (container.state, container.reason, container.message))) or "not ready"
            )
            lines.append(f"  container {container.name}: {state}, {container.restarts} restarts")
            lines += [f"    | {line}" for line in runner.runner(container.name).log.last_lines(_LAST_LINES)]
        return lines

    async def connect(self, address: str, port: int) -> socket.socket:
        """A connection made on the router, from where load balancers, Services and pods can be reached."""
        return await _connect(self.router.netns, address, port)

    async def dial(self, namespace: str, name: str, *, address: str, port: int) -> socket.socket:
        """A connection made inside a pod; raises DialError."""
        try:
            async with asyncio.timeout(_DIAL_TIMEOUT):
                return await _connect(self.pod(namespace, name).sandbox.netns, address, port)
        except (OSError, TimeoutError) as error:
            why = (
                error.strerror if isinstance(error, OSError) else ""
            ) or f"no answer within {_DIAL_TIMEOUT:g} s"
            raise DialError(
                f"pod {namespace}/{name}: connecting to {address}:{port} failed: {why}."
            ) from error

    async def close(self) -> None:
        """Stop following changes and let go of sockets; processes end with the world."""
        if self._follower is not None:
            self._follower.cancel()
            with suppress(asyncio.CancelledError):
                await self._follower
        self._names.close()


def _runs_alike(old: Pod, new: Pod) -> bool:
    return (old.spec, old.status.pod_ip) == (new.spec, new.status.pod_ip)


async def _connect(netns: int, address: str, port: int) -> socket.socket:
    sock = socket_in(netns, socket.AF_INET, socket.SOCK_STREAM)
    try:
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock
