"""How many pods a ReplicaSet makes or removes, which ones, and what its status says. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#how-a-replicaset-works
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from convoy.cluster.controllers.objects import (
    Json,
    generation_of,
    labels_of,
    metadata_of,
    spec_of,
    status_of,
)
from convoy.cluster.controllers.pods import (
    deletion_order,
    is_active,
    is_ready,
    seconds_to_available,
)
from convoy.cluster.machinery.conditions import new_condition, with_condition, without_condition
from convoy.cluster.machinery.statuses import StatusError

BURST = 500  # pods made or removed in one go


@dataclass(frozen=True, slots=True)
class ReplicaPlan:
    """Pods to make, and those to remove; never both."""

    create: int = 0
    delete: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """What kept a set from making or removing pods."""

    reason: str
    message: str


def failed_to(verb: str, error: StatusError) -> Failure:
    """The failure of a `create` or `delete`, with the reason that its condition and event bear."""
    return Failure(f"Failed{verb.title()}", error.message)


def wanted_replicas(owner: Json) -> int:
    """`spec.replicas`, 1 when it is not told."""
    replicas = spec_of(owner).get("replicas")
    return 1 if replicas is None else int(replicas)


def plan_replicas(wanted: int, pods: Sequence[Json]) -> ReplicaPlan:
    """What brings the active ones of a set's pods to the number wanted."""
    active = [pod for pod in pods if is_active(pod)]
    surplus = len(active) - wanted
    if surplus < 0:
        return ReplicaPlan(create=min(-surplus, BURST))
    if surplus == 0:
        return ReplicaPlan()
    crowd = Counter(spec_of(pod).get("nodeName") for pod in active)
    ranked = sorted(
        active, key=lambda pod: deletion_order(pod, on_same_node=crowd[spec_of(pod).get("nodeName")])
    )
    return ReplicaPlan(delete=tuple(ranked[: min(surplus, BURST)]))


def replica_status(
    owner: Json, pods: Sequence[Json], now: datetime, *, failure: Failure | None
) -> tuple[Json, float | None]:
    """The status of a set that has these pods, and when it may next change by time alone."""
    active = [pod for pod in pods if is_active(pod)]
    min_ready = int(spec_of(owner).get("minReadySeconds") or 0)
    waits = [seconds_to_available(pod, min_ready, now) for pod in active]
    template_labels = metadata_of(spec_of(owner).get("template") or {}).get("labels") or {}
    labelled = [pod for pod in active if template_labels.items() <= labels_of(pod).items()]
    conditions = list(status_of(owner).get("conditions") or ())
    if failure is None:
        conditions = without_condition(conditions, "ReplicaFailure")
    else:
        new = new_condition("ReplicaFailure", "True", failure.reason, failure.message)
        conditions = with_condition(conditions, new, now)
    counts = {
        "fullyLabeledReplicas": len(labelled),
        "readyReplicas": sum(map(is_ready, active)),
        "availableReplicas": waits.count(0.0),
    }
    status = {
        "replicas": len(active),
        **{name: count for name, count in counts.items() if count},
        "observedGeneration": generation_of(owner),
        **({"conditions": conditions} if conditions else {}),
    }
    later = [wait for wait in waits if wait]
    return status, min(later) if later else None
