"""One cluster of the world: its objects, router, pods and names, and what follows from a change of any."""

import asyncio
import os
import socket
from typing import Any

from convoy.api.kube.core import Pod, Service
from convoy.api.meta import ObjectKey
from convoy.cluster.dns.records import NamesTogether
from convoy.cluster.dns.tables import build_name_table
from convoy.cluster.errors import DialError, UnknownNameError, WaitError, WorldError
from convoy.cluster.kubelet.pods import PodRunner
from convoy.cluster.network.routers import Router
from convoy.cluster.network.services import PodEndpoint, plan_rules
from convoy.cluster.objects import ObjectStore, key_of, load_balancer_addresses, parse_manifest
from convoy.cluster.supervisor.connecting import connect_from
from convoy.cluster.supervisor.names import NameServer
from convoy.cluster.supervisor.placing import PodPlacer, Surroundings
from convoy.cluster.supervisor.unready import describe_unready, has_unknown_image
from convoy.cluster.tokens import TokenIssuer
from convoy.cluster.types import ClusterInfo, ClusterSpec, PodStatus, WorldEvent
from convoy.cluster.unsupported import check_supported
from convoy.kit.latest import LatestValue

_DIAL_TIMEOUT = 5.0
_STATIC = ("", "static pods")


class Cluster:
    """One embedded cluster."""

    def __init__(self, spec: ClusterSpec, router: Router, issuer: TokenIssuer, around: Surroundings) -> None:
        self.spec = spec
        self.router = router
        self.objects = ObjectStore(spec)
        self._issuer = issuer
        self._around = around
        self._placer = PodPlacer(spec.name, router=router, issuer=issuer, objects=self.objects, around=around)
        self._pods: dict[ObjectKey, PodRunner] = {}
        self._stopping: dict[ObjectKey, asyncio.Task[None]] = {}
        self._names = NameServer()
        self._changed = LatestValue[int]()  # pods or objects changed
        self._objects_changed = LatestValue[int]()
        self._applied = 0
        self._applied_event = LatestValue[int]()
        self._rules_failure: WorldError | None = None
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
        for item in self.objects.put_all(parsed, taken=taken):
            if isinstance(item, Pod):
                self._place(item)
        self._objects_changed.set(0)
        self._note_change()

    def delete(self, key: ObjectKey) -> None:
        """Take an object out; raises UnknownNameError."""
        if self.objects.remove(key) is None:
            raise UnknownNameError(f"cluster {self.spec.name} has no {key}.")
        self._remove_pod(key)
        self._objects_changed.set(0)
        self._note_change()

    def _place(self, pod: Pod) -> None:
        key = key_of(pod)
        current = self._pods.get(key)
        if current is not None and _runs_alike(current.pod, pod):
            current.pod = pod
            return
        self._remove_pod(key)
        runner = self._placer.make_runner(
            pod,
            report=lambda what, container, detail: self._report(pod, what, container, detail),
            wait_objects=self._wait_objects,
            wait_vacant=lambda: self._wait_stopped(key),
        )
        self._pods[key] = runner
        runner.start()

    async def _wait_stopped(self, key: ObjectKey) -> None:
        if (stopping := self._stopping.get(key)) is not None:
            await asyncio.wait([stopping])  # its address is still in use

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
            self._refresh_names()
            try:
                rules = plan_rules(self.objects.all(Service), self._endpoints())
                await self.router.apply({_STATIC: rules}, self.load_balancers())
                self._rules_failure = None
            except WorldError as error:
                self._rules_failure = error
                self._around.emit(WorldEvent("rules-failed", self.spec.name, detail=str(error)))
            self._applied = seen
            self._applied_event.set(seen)

    def _refresh_names(self) -> None:
        table = build_name_table(self.objects.all(Service), self._endpoints())
        self._names.names = NamesTogether([table, *self._around.shared_names])

    def balanced(self, name: str) -> tuple[str, ...]:
        """The load balancer addresses of Services of a name."""
        named = (service for service in self.objects.all(Service) if service.metadata.name == name)
        return tuple(address for service in named for address in load_balancer_addresses(service))

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
        """Until every pod is ready or has succeeded, and the rules that follow from it are in force.

        WaitError, with what is known of the others, after `timeout` seconds or when one can never be ready.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._until_ready()
        except TimeoutError as error:
            raise self._unready(f"was ready within {timeout:g} s") from error

    async def _until_ready(self) -> None:
        while not all(status.ready or status.phase == "Succeeded" for status in self.statuses()):
            if has_unknown_image(self._pods.values()):
                raise self._unready("can become ready, as an image is unknown")
            await self._changed.wait_newer(self._changed.number)
        wanted = self._changed.number
        while self._applied < wanted:
            await self._applied_event.wait_newer(self._applied_event.number)
        if self._rules_failure is not None:
            raise self._rules_failure

    def _unready(self, why: str) -> WaitError:
        return WaitError(describe_unready(self.spec.name, self._pods.values(), why=why))

    async def dial(self, namespace: str, name: str, *, address: str, port: int) -> socket.socket:
        """A connection made inside a pod; raises DialError."""
        try:
            async with asyncio.timeout(_DIAL_TIMEOUT):
                return await connect_from(self.pod(namespace, name).sandbox.netns, address, port)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else f"no answer within {_DIAL_TIMEOUT:g} s"
            raise DialError(
                f"pod {namespace}/{name}: connecting to {address}:{port} failed: {why}."
            ) from error


def _runs_alike(old: Pod, new: Pod) -> bool:
    return (old.spec, old.status.pod_ip) == (new.spec, new.status.pod_ip)
