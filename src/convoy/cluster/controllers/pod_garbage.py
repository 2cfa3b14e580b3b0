"""Pods that nobody looks after: on nodes that are gone, ended before they were placed, finished in masses.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection
"""

from collections.abc import Iterable

from convoy.cluster.controllers.controller import Controller, Surroundings
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.nodes import NODES
from convoy.cluster.controllers.objects import (
    Json,
    created_at,
    is_deleting,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    uid_of,
)
from convoy.cluster.controllers.pods import PODS, is_finished
from convoy.cluster.machinery.conditions import new_condition, with_condition
from convoy.cluster.store import Event, Key

_EVERYTHING = Key("", "")
_QUARANTINE = 40.0  # seconds for a node to come (back) before its pods are given up


class PodGarbageController(Controller):
    """One look at all pods at a time."""

    name = "pod-garbage-collector"
    workers = 1

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._missing: dict[str, float] = {}  # nodes by name: since when, on the monotonic clock

    def follow(self, feed: Feed) -> None:
        """Pods that may have to go, and nodes that went."""
        feed.on(PODS, self._take_pod)
        feed.on(NODES, lambda event: self.queue.add(_EVERYTHING))

    def _take_pod(self, event: Event) -> None:
        pod = event.stored.object
        node = spec_of(pod).get("nodeName") or ""
        is_lost = self.client.get(NODES, "", node) is None  # also: it is not placed
        if event.type != "DELETED" and (is_finished(pod) or (is_lost and (node or is_deleting(pod)))):
            self.queue.add(_EVERYTHING)

    async def sync(self, key: Key) -> float | None:
        """Remove what nobody else will; come back when a node has been missing long enough."""
        pods = self.client.list(PODS)
        nodes = {name_of(node) for node in self.client.list(NODES)}
        for pod in (*ended_unplaced(pods), *surplus_finished(pods, self.around.settings.terminated_pods)):
            await self._remove(pod)
        orphans = [pod for pod in pods if (node := spec_of(pod).get("nodeName")) and node not in nodes]
        return await self._remove_orphans(orphans)

    async def _remove_orphans(self, orphans: list[Json]) -> float | None:
        now = self.clock.monotonic()
        lost = {str(spec_of(pod)["nodeName"]) for pod in orphans}
        self._missing = {node: self._missing.get(node, now) for node in sorted(lost)}
        waits = []
        for pod in orphans:
            left = self._missing[spec_of(pod)["nodeName"]] + _QUARANTINE - now
            if left > 0:
                waits.append(left)
            else:
                await self._fail(pod)
                await self._remove(pod)
        return min(waits, default=None)

    async def _fail(self, pod: Json) -> None:
        """Whoever counts a pod's end (a Job) sees it as failed."""
        now = self.clock.now()
        text = "PodGC: node no longer exists"
        condition = new_condition("DisruptionTarget", "True", "DeletionByPodGC", text)

        def change(current: Json) -> Json | None:
            if is_finished(current):
                return None
            conditions = with_condition(status_of(current).get("conditions") or (), condition, now)
            current["status"] = {**status_of(current), "phase": "Failed", "conditions": conditions}
            return current

        await self.client.modify(PODS, pod, change, subresource="status")

    async def _remove(self, pod: Json) -> None:
        await self.client.delete(PODS, pod, grace_seconds=0)


def ended_unplaced(pods: Iterable[Json]) -> list[Json]:
    """Pods that are being deleted and have no node that could end them."""
    return [pod for pod in pods if is_deleting(pod) and not spec_of(pod).get("nodeName")]


def surplus_finished(pods: Iterable[Json], limit: int) -> list[Json]:
    """The oldest finished pods beyond the limit."""
    finished = [pod for pod in pods if is_finished(pod) and not is_deleting(pod)]
    finished.sort(key=lambda pod: (created_at(pod), namespace_of(pod), name_of(pod), uid_of(pod)))
    return finished[: max(0, len(finished) - limit)]
