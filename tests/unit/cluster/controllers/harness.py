"""A cluster without machines: real store, registry, controllers and scheduler; a kubelet only in words."""

import asyncio
import contextlib
import heapq
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

import orjson
from tests.kit.waiting import until
from tests.unit.cluster.controllers.workloads import Json

from convoy.cluster.controllers.controller import Settings
from convoy.cluster.controllers.recording import EventRecorder
from convoy.cluster.controllers.running import run_controllers
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.requests import DeleteOptions, WriteOptions
from convoy.cluster.machinery.resources import Resource, ResourceTable
from convoy.cluster.registry import Registry
from convoy.cluster.scheduler.scheduler import Scheduler
from convoy.cluster.schema import Schemas
from convoy.cluster.store import Event, Key, Store

ALLOCATABLE = {"cpu": "4", "memory": "8Gi", "pods": "110"}


@cache
def _schemas() -> Schemas:
    return Schemas()


class HandClock:
    """A clock that the test moves; sleepers wake when it passes their time."""

    def __init__(self, at: datetime = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)) -> None:
        self._start = at
        self._passed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._passed + seconds, next(self._numbers), woken))
        await woken

    def move(self, seconds: float) -> None:
        self._passed += seconds
        while self._sleepers and self._sleepers[0][0] <= self._passed:
            woken = heapq.heappop(self._sleepers)[2]
            if not woken.done():
                woken.set_result(None)


class Cluster:
    """What a test holds of it. `kubelet_says` may be replaced: it gives a pod's new status, or None."""

    def __init__(self, clock: HandClock | None = None) -> None:
        self.clock = clock or HandClock()
        self.store = Store(None)
        self.store.open()
        self.resources = ResourceTable(BUILTIN)
        self.registry = Registry(
            store=self.store, resources=self.resources, schemas=Schemas(), clock=self.clock
        )
        self.recorder = EventRecorder(self.registry)
        self.kubelet_says: Callable[[Json], Json | None] = running
        self.ends_pods = True
        self._ips = count(2)

    def resource(self, storage: str) -> Resource:
        return self.resources.stored(storage)

    def get(self, storage: str, name: str, namespace: str = "default") -> Json | None:
        where = namespace if self.resource(storage).namespaced else ""
        stored = self.store.get(storage, Key(where, name))
        return stored.object if stored else None

    def all(self, storage: str, namespace: str | None = "default") -> list[Json]:
        where = namespace if self.resource(storage).namespaced else None
        return [stored.object for stored in self.store.list(storage, where)]

    async def create(self, manifest: Json, namespace: str = "default") -> Json:
        resource = self.resources.by_kind(manifest["apiVersion"], manifest["kind"])
        assert resource is not None
        where = manifest["metadata"].get("namespace") or (namespace if resource.namespaced else "")
        return (await self.registry.create(resource, where, manifest, WriteOptions())).object

    async def change(
        self,
        storage: str,
        name: str,
        change: Callable[[Json], Any],
        *,
        namespace: str = "default",
        subresource: str = "",
    ) -> Json:
        def changed(current: Json) -> Json:
            change(current)
            return current

        where = namespace if self.resource(storage).namespaced else ""
        stored = await self.registry.modify(
            self.resource(storage), where, name, changed, WriteOptions(), subresource=subresource
        )
        return stored.object

    async def delete(self, storage: str, name: str, namespace: str = "default", **how: Any) -> None:
        where = namespace if self.resource(storage).namespaced else ""
        await self.registry.delete(self.resource(storage), where, name, DeleteOptions(**how), WriteOptions())

    async def add_node(self, name: str = "node1", *, labels: Json | None = None, **spec: Any) -> None:
        metadata = {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}}
        await self.create({"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec})
        ready = {"type": "Ready", "status": "True"}
        status = {"allocatable": ALLOCATABLE, "capacity": ALLOCATABLE, "conditions": [ready]}
        await self.change("nodes", name, lambda node: node.update(status=status), subresource="status")

    def events(self, name: str = "", namespace: str = "default") -> list[tuple[str, str]]:
        """Reason and message of every event about an object of that name."""
        return [
            (event["reason"], event["message"])
            for event in self.all("events", namespace)
            if (about := event.get("involvedObject")) and name in ("", about["name"])
        ]

    async def set_pod(self, name: str, status: Json) -> None:
        await self.change("pods", name, lambda pod: pod["status"].update(status), subresource="status")

    async def play_kubelet(self) -> None:
        """Say of every placed pod what `kubelet_says`, and let pods go that are to end."""
        with self.store.watch("pods") as watch:
            for stored in watch.initial:
                await self._play(Event("ADDED", stored, None))
            async for event in watch:
                await self._play(event)

    async def _play(self, event: Event) -> None:
        pod = self.store.get("pods", event.stored.key)
        if event.type == "DELETED" or pod is None or not pod.object["spec"].get("nodeName"):
            return
        namespace, name = pod.key
        if "deletionTimestamp" in pod.object["metadata"]:
            if self.ends_pods and not pod.object["metadata"].get("finalizers"):
                await self.delete("pods", name, namespace, grace_period_seconds=0)
            return
        status = self.kubelet_says(pod.object) if not pod.object["status"].get("podIP") else None
        if status is not None:
            status = {"podIP": f"10.0.0.{next(self._ips)}", **status}
            await self.change(
                "pods",
                name,
                lambda current: _merge_status(current, status, self.clock),
                namespace=namespace,
                subresource="status",
            )


def _merge_status(pod: Json, status: Json, clock: HandClock) -> None:
    kinds = {each["type"] for each in status.get("conditions", ())}
    kept = [each for each in pod["status"].get("conditions", ()) if each["type"] not in kinds]
    stamp = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    fresh = [{"lastTransitionTime": stamp, **each} for each in status.get("conditions", ())]
    pod["status"] = {**pod["status"], **orjson.loads(orjson.dumps(status)), "conditions": [*kept, *fresh]}


def running(pod: Json) -> Json:
    """A pod that starts and is ready."""
    return {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


def started(pod: Json) -> Json:
    """A pod that runs and is not ready."""
    return {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}


def ready_names(cluster: Cluster) -> list[str]:
    return [
        pod["metadata"]["name"]
        for pod in cluster.all("pods")
        if any(
            each["type"] == "Ready" and each["status"] == "True"
            for each in pod["status"].get("conditions", ())
        )
    ]


@contextlib.asynccontextmanager
async def running_cluster(*, nodes: int = 1, settings: Settings | None = None) -> AsyncIterator[Cluster]:
    """A cluster at work, with its first objects made and `nodes` nodes."""
    cluster = Cluster()
    parts: list[Coroutine[Any, Any, None]] = [
        run_controllers(
            cluster.registry, cluster.recorder, settings or Settings(root_ca="PEM"), more=(Scheduler,)
        ),
        cluster.recorder.run(),
        cluster.play_kubelet(),
    ]
    async with asyncio.TaskGroup() as tasks:
        running_parts = [tasks.create_task(part) for part in parts]
        try:
            await until(lambda: cluster.get("serviceaccounts", "default"), every=0.001)
            for number in range(1, nodes + 1):
                await cluster.add_node(
                    f"node{number}", labels={"topology.kubernetes.io/zone": f"zone{number}"}
                )
            yield cluster
        finally:
            for part in running_parts:
                part.cancel()
    cluster.store.close()
