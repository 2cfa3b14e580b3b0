"""Which nodes lack a pod of a DaemonSet, which pods are too many or too old, and its status. Pure.

The pod of a node carries a node affinity for that node by name, and the scheduler binds it there. A rolling
update never makes more nodes unavailable than `maxUnavailable`, except by replacing pods that are unavailable
already; with `maxSurge` the new pod comes before the old one goes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from convoy.cluster.controllers.histories import REVISION_LABEL
from convoy.cluster.controllers.nodes import (
    matches_node,
    taints_of,
    tolerations_of,
    untolerated,
)
from convoy.cluster.controllers.objects import (
    Json,
    copy_of,
    created_at,
    generation_of,
    is_deleting,
    labels_of,
    metadata_of,
    name_of,
    spec_of,
    status_of,
)
from convoy.cluster.controllers.pods import (
    is_available,
    is_finished,
    is_ready,
    pod_of_template,
    seconds_to_available,
)
from convoy.cluster.machinery.amounts import resolve_amount

GENERATION_LABEL = "pod-template-generation"
_GENERATION_ANNOTATION = "deprecated.daemonset.template.generation"

_ALWAYS_TOLERATED: tuple[Json, ...] = (
    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
    {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"},
    {"key": "node.kubernetes.io/disk-pressure", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/memory-pressure", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/pid-pressure", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"},
)
_TOLERATED_ON_HOST: Json = {
    "key": "node.kubernetes.io/network-unavailable",
    "operator": "Exists",
    "effect": "NoSchedule",
}


@dataclass(frozen=True, slots=True)
class DaemonPlan:
    """Nodes to make a pod for, pods to remove, and failed ones that are to be replaced in their own time."""

    create: tuple[str, ...] = ()
    delete: tuple[Json, ...] = ()
    failed: tuple[Json, ...] = ()


def build_daemon_pod(owner: Json, node: str, *, revision: str) -> Json:
    """The pod for a node; `revision` is the hash of its template."""
    labels = {REVISION_LABEL: revision, GENERATION_LABEL: template_generation(owner)}
    pod = pod_of_template(owner, spec_of(owner)["template"], labels=labels)
    spec = pod["spec"]
    spec["affinity"] = _pinned(spec.get("affinity") or {}, node)
    wanted = [*_ALWAYS_TOLERATED, *([_TOLERATED_ON_HOST] if spec.get("hostNetwork") else [])]
    present = list(spec.get("tolerations") or ())
    spec["tolerations"] = [*present, *(copy_of(each) for each in wanted if each not in present)]
    return pod


def template_generation(owner: Json) -> str:
    """A number that rises with the template; the object's own generation where none is kept."""
    kept = (metadata_of(owner).get("annotations") or {}).get(_GENERATION_ANNOTATION)
    return str(kept or generation_of(owner))


def _pinned(affinity: Json, node: str) -> Json:
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    required = {"nodeSelectorTerms": [term]}
    of_nodes = {
        **(affinity.get("nodeAffinity") or {}),
        "requiredDuringSchedulingIgnoredDuringExecution": required,
    }
    return {**affinity, "nodeAffinity": of_nodes}


def node_of(pod: Json) -> str:
    """The node a daemon pod runs on, or is meant for."""
    if name := spec_of(pod).get("nodeName"):
        return str(name)
    affinity = (spec_of(pod).get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field.get("key") == "metadata.name" and len(field.get("values") or ()) == 1:
                return str(field["values"][0])
    return ""


def should_run(owner: Json, node: Json) -> tuple[bool, bool]:
    """Whether a pod is to be made on a node, and whether one that runs there may stay."""
    template = spec_of(owner).get("template") or {}
    pod = {"spec": spec_of(template)}
    if not matches_node(pod, node):
        return False, False
    if (wanted := spec_of(template).get("nodeName")) and wanted != name_of(node):
        return False, False
    always = [*_ALWAYS_TOLERATED, *([_TOLERATED_ON_HOST] if spec_of(template).get("hostNetwork") else [])]
    tolerations = [*tolerations_of(pod), *always]
    taints = taints_of(node)
    may_stay = untolerated(taints, tolerations, "NoExecute") is None
    may_start = may_stay and untolerated(taints, tolerations, "NoSchedule") is None
    return may_start, may_stay


def pods_by_node(pods: Iterable[Json]) -> dict[str, list[Json]]:
    """The set's pods by node, oldest first."""
    found: dict[str, list[Json]] = {}
    for pod in sorted(pods, key=lambda each: (created_at(each), name_of(each))):
        found.setdefault(node_of(pod), []).append(pod)
    return found


def plan_daemons(
    owner: Json, pods: Iterable[Json], nodes: Sequence[Json], revision: str, now: datetime
) -> DaemonPlan:
    """What to do now: first one living pod per node, then, once that is so, the update."""
    if is_deleting(owner):
        return DaemonPlan()
    by_node = pods_by_node(pods)
    plan = _plan_nodes(owner, by_node, nodes, revision)
    if plan != DaemonPlan() or is_on_delete(owner):
        return plan
    return _plan_update(owner, by_node, nodes, revision, now=now)


def is_on_delete(owner: Json) -> bool:
    """Whether pods get a new revision only when someone deletes them."""
    return bool((spec_of(owner).get("updateStrategy") or {}).get("type") == "OnDelete")


def _plan_nodes(
    owner: Json, by_node: Mapping[str, list[Json]], nodes: Sequence[Json], revision: str
) -> DaemonPlan:
    create: list[str] = []
    delete: list[Json] = []
    failed: list[Json] = []
    surge, _ = update_limits(owner, len(nodes))
    for node in nodes:
        may_start, may_stay = should_run(owner, node)
        living = []
        for pod in by_node.get(name_of(node), []):
            if is_deleting(pod):
                continue
            if is_finished(pod) and may_stay:
                failed.append(pod)
            else:
                living.append(pod)
        if not may_stay:
            delete += living
        elif not living and may_start and not by_node.get(name_of(node)):
            create.append(name_of(node))
        elif surge:
            delete += _surplus_of_surge(living, revision)
        else:
            delete += living[1:]
    return DaemonPlan(tuple(create), tuple(delete), tuple(failed))


def _surplus_of_surge(living: Sequence[Json], revision: str) -> list[Json]:
    """One old pod and its replacement may be there at once."""
    new = [pod for pod in living if hash_of(pod) == revision]
    old = [pod for pod in living if hash_of(pod) != revision]
    return [*new[1:], *old[1:]]


def hash_of(pod: Json) -> str:
    """The hash of the template that a pod was made of."""
    return labels_of(pod).get(REVISION_LABEL, "")


def update_limits(owner: Json, nodes: int) -> tuple[int, int]:
    """How many pods more, and how many fewer, an update may make; percentages are of the nodes wanted."""
    rolling = (spec_of(owner).get("updateStrategy") or {}).get("rollingUpdate") or {}
    surge = resolve_amount(rolling.get("maxSurge"), nodes, round_up=True, default=0)
    unavailable = resolve_amount(rolling.get("maxUnavailable"), nodes, round_up=True, default=1)
    return surge, (unavailable if unavailable or surge else 1)


def _plan_update(
    owner: Json, by_node: Mapping[str, list[Json]], nodes: Sequence[Json], revision: str, *, now: datetime
) -> DaemonPlan:
    wanted = [name_of(node) for node in nodes if should_run(owner, node)[0]]
    surge, most_unavailable = update_limits(owner, len(wanted))
    if surge:
        return _plan_surge(owner, by_node, wanted, revision, limit=surge, now=now)
    min_ready = int(spec_of(owner).get("minReadySeconds") or 0)
    unavailable, free, candidates = 0, [], []
    for node in wanted:
        pods = [pod for pod in by_node.get(node, []) if not is_deleting(pod)]
        if not pods or not is_available(pods[0], min_ready, now):
            unavailable += 1
            free += [pod for pod in pods[:1] if hash_of(pod) != revision]
        elif hash_of(pods[0]) != revision:
            candidates.append(pods[0])
    room = max(0, most_unavailable - unavailable)
    return DaemonPlan(delete=(*free, *candidates[:room]))


def _plan_surge(
    owner: Json,
    by_node: Mapping[str, list[Json]],
    wanted: Sequence[str],
    revision: str,
    *,
    limit: int,
    now: datetime,
) -> DaemonPlan:
    min_ready = int(spec_of(owner).get("minReadySeconds") or 0)
    delete: list[Json] = []
    waiting: list[str] = []
    surging = 0
    for node in wanted:
        pods = [pod for pod in by_node.get(node, []) if not is_deleting(pod)]
        old = [pod for pod in pods if hash_of(pod) != revision]
        new = [pod for pod in pods if hash_of(pod) == revision]
        if old and new:
            is_there = is_available(new[0], min_ready, now) or not is_available(old[0], min_ready, now)
            delete += old if is_there else []
            surging += 0 if is_there else 1
        elif old:
            if not is_available(old[0], min_ready, now):
                delete += old
            else:
                waiting.append(node)
    return DaemonPlan(create=tuple(waiting[: max(0, limit - surging)]), delete=tuple(delete))


def daemon_status(
    owner: Json,
    pods: Iterable[Json],
    nodes: Sequence[Json],
    revision: str,
    now: datetime,
    *,
    collisions: int = 0,
) -> tuple[Json, float | None]:
    """The status, and when it may next change by time alone."""
    by_node = pods_by_node(pods)
    min_ready = int(spec_of(owner).get("minReadySeconds") or 0)
    counts = dict.fromkeys(_COUNTS, 0)
    waits: list[float] = []
    for node in nodes:
        here = [pod for pod in by_node.get(name_of(node), []) if not is_deleting(pod)]
        if not should_run(owner, node)[0]:
            counts["numberMisscheduled"] += bool(here)
            continue
        counts["desiredNumberScheduled"] += 1
        if not here:
            continue
        counts["currentNumberScheduled"] += 1
        pod = next((each for each in here if hash_of(each) == revision), here[0])
        best = max(here, key=is_ready)
        counts["numberReady"] += is_ready(best)
        wait = seconds_to_available(best, min_ready, now)
        counts["numberAvailable"] += wait == 0.0
        waits += [wait] if wait else []
        counts["updatedNumberScheduled"] += hash_of(pod) == revision
    counts["numberUnavailable"] = counts["desiredNumberScheduled"] - counts["numberAvailable"]
    shown = {name: number for name, number in counts.items() if number or name in _ALWAYS_TOLD}
    status = {**shown, "observedGeneration": generation_of(owner)}
    if collisions:
        status["collisionCount"] = collisions
    if conditions := status_of(owner).get("conditions"):
        status["conditions"] = conditions
    return status, min(waits) if waits else None


_ALWAYS_TOLD = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
_COUNTS = (*_ALWAYS_TOLD, "updatedNumberScheduled", "numberAvailable", "numberUnavailable")
