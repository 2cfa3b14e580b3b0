"""The loop: pods without a node get one, one after the other; those that find none wait for a change.

One at a time, because each placement counts for the next. What might let a waiting pod in (a node changed, a
pod went or came, a claim was bound) puts all that wait back into the queue.
"""

from convoy.cluster.controllers.controller import Controller, Surroundings
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.nodes import NODES, is_cordoned, taints_of
from convoy.cluster.controllers.objects import (
    Json,
    created_at,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    uid_of,
)
from convoy.cluster.controllers.pods import PODS, is_finished
from convoy.cluster.machinery.conditions import find_condition, is_true, new_condition, with_condition
from convoy.cluster.scheduler.demands import DemandCache, allocatable_of
from convoy.cluster.scheduler.planning import Placement, Refusal, describe_refusal, plan_placement
from convoy.cluster.scheduler.views import build_view
from convoy.cluster.store import Event, Key
from convoy.kit.times import parse_time

CLAIMS = "persistentvolumeclaims"
NAMESPACES = "namespaces"
NAME = "default-scheduler"
_QUIET = 30.0  # seconds in which the same refusal is not told again
_UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
_BINDING_SECONDS = 1.0  # a claim made together with its pod is bound in a moment: nothing to complain of


class Scheduler(Controller):
    """Binds pods to nodes."""

    name = NAME
    workers = 1

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._waiting: set[Key] = set()
        self._told: dict[str, tuple[str, float]] = {}  # by pod's uid: what, and when
        self._demands = DemandCache()

    def follow(self, feed: Feed) -> None:
        """Pods, nodes, claims."""
        feed.on(PODS, self._take_pod)
        feed.on(NODES, self._take_node)
        feed.on(CLAIMS, self._take_claim)

    def _take_pod(self, event: Event) -> None:
        pod = event.stored.object
        if event.type == "DELETED":
            self._forget(event.stored.key, uid_of(pod))
        if wants_node(pod) and event.type != "DELETED":
            if event.previous is None or _what_is_asked(event.previous.object) != _what_is_asked(pod):
                self.queue.add(event.stored.key)
        elif event.previous is None or event.type == "DELETED" or _changes_room(event.previous.object, pod):
            self._wake()

    def _forget(self, key: Key, uid: str) -> None:
        self._waiting.discard(key)
        self._told.pop(uid, None)
        self._demands.forget(uid)

    def _take_node(self, event: Event) -> None:
        before = event.previous.object if event.previous and event.type == "MODIFIED" else None
        if before is None or _what_is_offered(before) != _what_is_offered(event.stored.object):
            self._wake()

    def _take_claim(self, event: Event) -> None:
        self._wake()

    def _wake(self) -> None:
        for key in self._waiting:
            self.queue.add(key)

    async def sync(self, key: Key) -> float | None:
        """Place one pod, or tell why it cannot be."""
        pod = self.client.get(PODS, key.namespace, key.name)
        if pod is None or not wants_node(pod):
            self._waiting.discard(key)
            return None
        if gates := spec_of(pod).get("schedulingGates"):
            await self._tell_gated(pod, gates)
            return None
        decision = self._decide(pod)
        if isinstance(decision, Placement):
            await self._bind(pod, decision.node)
            self._waiting.discard(key)
            return None
        self._waiting.add(key)
        if _UNBOUND in decision.message and self._age(pod) < _BINDING_SECONDS:
            return _BINDING_SECONDS
        await self._tell_refused(pod, decision.message)
        return None

    def _age(self, pod: Json) -> float:
        created = parse_time(created_at(pod))
        return (self.clock.now() - created).total_seconds() if created else 0.0

    def _decide(self, pod: Json) -> Placement | Refusal:
        nodes = self.client.list(NODES)
        if nodes and (reason := self._claim_refusal(pod)) is not None:
            return Refusal(describe_refusal(len(nodes), reason))
        view = build_view(
            nodes,
            self.client.list(PODS),
            namespaces=self.client.list(NAMESPACES),
            demand=self._demands.of,
        )
        return plan_placement(pod, view)

    def _claim_refusal(self, pod: Json) -> str | None:
        for volume in spec_of(pod).get("volumes") or ():
            name = claim_of(volume, name_of(pod))
            if name is None:
                continue
            claim = self.client.get(CLAIMS, namespace_of(pod), name)
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if is_deleting(claim):
                return f'persistentvolumeclaim "{name}" is being deleted'
            if not spec_of(claim).get("volumeName") or status_of(claim).get("phase") != "Bound":
                return _UNBOUND
        return None

    async def _bind(self, pod: Json, node: str) -> None:
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name_of(pod), "namespace": namespace_of(pod), "uid": uid_of(pod)},
            "target": {"kind": "Node", "name": node},
        }
        registry = self.client.registry
        await registry.bind(namespace_of(pod), name_of(pod), binding, self.client.options())
        text = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {node}"
        self.record(pod, "Normal", "Scheduled", text)

    async def _tell_refused(self, pod: Json, message: str) -> None:
        now = self.clock.monotonic()
        text, at = self._told.get(uid_of(pod), ("", 0.0))
        if text != message or now - at > _QUIET:
            self._told[uid_of(pod)] = (message, now)
            self.record(pod, "Warning", "FailedScheduling", message)
        await self._set_condition(pod, new_condition("PodScheduled", "False", "Unschedulable", message))

    async def _tell_gated(self, pod: Json, gates: Json) -> None:
        message = "Scheduling is blocked due to non-empty scheduling gates"
        await self._set_condition(pod, new_condition("PodScheduled", "False", "SchedulingGated", message))

    async def _set_condition(self, pod: Json, condition: Json) -> None:
        before = find_condition(pod, condition["type"])
        if before is not None and {**before, **condition} == before:
            return
        now = self.clock.now()

        def change(current: Json) -> Json:
            status = current.setdefault("status", {})
            status["conditions"] = with_condition(status.get("conditions") or (), condition, now)
            return current

        await self.client.modify(PODS, pod, change, subresource="status")


def wants_node(pod: Json) -> bool:
    """Whether a pod is this scheduler's to place."""
    spec = spec_of(pod)
    is_ours = (spec.get("schedulerName") or NAME) == NAME
    return is_ours and not spec.get("nodeName") and not is_deleting(pod) and not is_finished(pod)


def claim_of(volume: Json, pod: str) -> str | None:
    """The claim that a volume stands for; an ephemeral one is named after the pod."""
    if source := volume.get("persistentVolumeClaim"):
        return str(source.get("claimName"))
    return f"{pod}-{volume['name']}" if "ephemeral" in volume else None


def _what_is_asked(pod: Json) -> tuple[object, ...]:
    spec = spec_of(pod)
    fields = ("schedulingGates", "nodeSelector", "tolerations", "affinity", "topologySpreadConstraints")
    return (uid_of(pod), labels_of(pod), is_deleting(pod), *(spec.get(field) for field in fields))


def _what_is_offered(node: Json) -> tuple[object, ...]:
    return (labels_of(node), taints_of(node), is_cordoned(node), allocatable_of(node), is_true(node, "Ready"))


def _changes_room(before: Json, pod: Json) -> bool:
    """Whether the change of a pod may let another one in: it was placed, it finished, its labels changed."""
    return (
        spec_of(before).get("nodeName") != spec_of(pod).get("nodeName")
        or is_finished(before) != is_finished(pod)
        or is_deleting(before) != is_deleting(pod)
        or labels_of(before) != labels_of(pod)
    )
