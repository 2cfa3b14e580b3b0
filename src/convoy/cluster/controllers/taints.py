"""What a node's taints do to pods that are there: NoExecute drives out those that do not tolerate it.

Also marks cordoned nodes with the taint that stands for it, as `kubectl describe node` shows it.
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from convoy.cluster.controllers.controller import Controller, Surroundings
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.nodes import (
    NODES,
    UNSCHEDULABLE_TAINT,
    is_cordoned,
    taints_of,
    tolerates,
    tolerations_of,
)
from convoy.cluster.controllers.objects import (
    Json,
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
from convoy.kit.times import format_time, parse_time


class TaintEvictionController(Controller):
    """Deletes pods from nodes whose NoExecute taints they do not tolerate, or not any longer."""

    name = "taint-eviction-controller"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._seen: dict[tuple[str, str], datetime] = {}  # pod's uid and taint's key: since when

    def follow(self, feed: Feed) -> None:
        """Placed pods, and the taints of nodes."""
        feed.on(PODS, self._add_pod)
        feed.on(NODES, self._add_of_node)

    def _add_pod(self, event: Event) -> None:
        if event.type == "DELETED":
            uid = uid_of(event.stored.object)
            self._seen = {key: at for key, at in self._seen.items() if key[0] != uid} if self._seen else {}
        elif event.previous is None or _placing(event.previous.object) != _placing(event.stored.object):
            self.queue.add(event.stored.key)

    def _add_of_node(self, event: Event) -> None:
        before = _driving(event.previous.object) if event.previous else []
        if event.type == "DELETED" or _driving(event.stored.object) == before:
            return
        for pod in self.client.list(PODS):
            if spec_of(pod).get("nodeName") == event.stored.key.name:
                self.queue.add(self.key(pod))

    async def sync(self, key: Key) -> float | None:
        """Delete the pod, or come back when its toleration ends."""
        pod = self.client.get(PODS, key.namespace, key.name)
        if pod is None or is_deleting(pod) or is_finished(pod):
            return None
        node = self.client.get(NODES, "", spec_of(pod).get("nodeName") or "")
        taints = _driving(node) if node is not None else []
        if not taints:
            return None
        now = self.clock.now()
        left = tolerated_seconds(pod, [(taint, self._since(pod, taint, now)) for taint in taints], now)
        if left is not None and left <= 0:
            await self._drive_out(pod, now)
            return None
        return left

    def _since(self, pod: Json, taint: Json, now: datetime) -> datetime:
        told = parse_time(taint.get("timeAdded"))
        return told or self._seen.setdefault((uid_of(pod), taint.get("key") or ""), now)

    async def _drive_out(self, pod: Json, now: datetime) -> None:
        text = "Taint manager: deleting due to NoExecute taint"
        condition = new_condition("DisruptionTarget", "True", "DeletionByTaintManager", text)

        def change(current: Json) -> Json:
            conditions = status_of(current).get("conditions") or ()
            current["status"] = {
                **status_of(current),
                "conditions": with_condition(conditions, condition, now),
            }
            return current

        await self.client.modify(PODS, pod, change, subresource="status")
        if await self.client.delete(PODS, pod):
            text = f"Marking for deletion Pod {namespace_of(pod)}/{name_of(pod)}"
            self.record(pod, "Normal", "TaintManagerEviction", text)


def _placing(pod: Json) -> tuple[object, ...]:
    return spec_of(pod).get("nodeName"), tolerations_of(pod), uid_of(pod)


def _driving(node: Json) -> list[Json]:
    return [taint for taint in taints_of(node) if taint.get("effect") == "NoExecute"]


def tolerated_seconds(pod: Json, taints: Sequence[tuple[Json, datetime]], now: datetime) -> float | None:
    """How long a pod may stay with taints that are there since then; None: for ever; 0: no longer."""
    left: list[float] = []
    for taint, since in taints:
        fitting = [each for each in tolerations_of(pod) if tolerates(each, taint)]
        if not fitting:
            return 0.0
        limits = [each["tolerationSeconds"] for each in fitting if each.get("tolerationSeconds") is not None]
        if limits:
            ends = since + timedelta(seconds=max(0, min(limits)))
            left.append(max(0.0, (ends - now).total_seconds()))
    return min(left, default=None)


class CordonController(Controller):
    """Keeps the taint that says a node takes no new pods."""

    name = "node-controller"

    def follow(self, feed: Feed) -> None:
        """Nodes."""
        feed.on(NODES, self.add_own)

    async def sync(self, key: Key) -> float | None:
        """Put the taint on, or take it off."""
        node = self.client.get(NODES, "", key.name)
        if node is None or is_deleting(node) or has_cordon_taint(node) == is_cordoned(node):
            return None
        stamp = format_time(self.clock.now())

        def change(current: Json) -> Json | None:
            if has_cordon_taint(current) == is_cordoned(current):
                return None
            others = [each for each in taints_of(current) if not _is_cordon(each)]
            added = [{**UNSCHEDULABLE_TAINT, "timeAdded": stamp}] if is_cordoned(current) else []
            current["spec"]["taints"] = [*others, *added]
            if not current["spec"]["taints"]:
                del current["spec"]["taints"]
            return current

        await self.client.modify(NODES, node, change)
        return None


def _is_cordon(taint: Json) -> bool:
    return bool(taint.get("key") == UNSCHEDULABLE_TAINT["key"] and taint.get("effect") == "NoSchedule")


def has_cordon_taint(node: Json) -> bool:
    """Whether the taint is there."""
    return any(map(_is_cordon, taints_of(node)))
