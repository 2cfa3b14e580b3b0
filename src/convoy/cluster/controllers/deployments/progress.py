"""A Deployment's status: its counts and its conditions, with the reasons that kubectl waits for. Pure.

`Progressing` is True while something moves, False with ProgressDeadlineExceeded when nothing did for too
long, and True with NewReplicaSetAvailable once the rollout is complete.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from convoy.cluster.controllers.deployments.rollouts import is_paused
from convoy.cluster.controllers.deployments.sets import (
    is_complete,
    limits_of,
    new_set_of,
    old_sets_of,
    total,
    total_size,
)
from convoy.cluster.controllers.objects import Json, generation_of, name_of, spec_of, status_of
from convoy.cluster.machinery.conditions import (
    condition_in,
    find_condition,
    new_condition,
    transition_time,
    without_condition,
)
from convoy.kit.times import format_time, parse_time

_NO_DEADLINE = 2**31 - 1
_DEFAULT_DEADLINE = 600
_DONE = "NewReplicaSetAvailable"
_TIMED_OUT = "ProgressDeadlineExceeded"
_PAUSED = "DeploymentPaused"
_EXPLAINED = {
    "NewReplicaSetCreated": 'Created new replica set "{}"',
    "FoundNewReplicaSet": 'Found new replica set "{}"',
}


def deployment_status(
    deployment: Json,
    sets: Sequence[Json],
    now: datetime,
    *,
    created: bool = False,
    failure: str = "",
) -> tuple[Json, float | None]:
    """The status, and seconds until the deadline may pass.

    `created`: the new set was made just now; `failure`: it could not be, with this message.
    """
    counts = _counts(deployment, sets)
    conditions = _with_available(deployment, sets, now)
    conditions = _with_failure(conditions, deployment, sets, now)
    if failure:
        new = new_condition("Progressing", "False", "ReplicaSetCreateError", failure)
        conditions = _put(conditions, new, now)
    else:
        conditions = _with_progress(conditions, deployment, sets, counts=counts, now=now, created=created)
    status = {
        "observedGeneration": generation_of(deployment),
        **{name: number for name, number in counts.items() if number},
        "conditions": conditions,
    }
    if collisions := status_of(deployment).get("collisionCount"):
        status["collisionCount"] = collisions
    return status, _seconds_to_deadline(deployment, conditions, now)


def _counts(deployment: Json, sets: Sequence[Json]) -> dict[str, int]:
    new = new_set_of(deployment, sets)
    available = total(sets, "availableReplicas")
    return {
        "replicas": total(sets, "replicas"),
        "updatedReplicas": total([new], "replicas") if new else 0,
        "readyReplicas": total(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, total_size(sets) - available),
    }


def _put(conditions: list[Json], new: Json, now: datetime, *, refresh: bool = False) -> list[Json]:
    """Set a condition; one of the same status and reason stays as it was, unless `refresh`ed."""
    before = condition_in(conditions, new["type"])
    if before and (before["status"], before.get("reason")) == (new["status"], new["reason"]) and not refresh:
        return conditions
    stamp = format_time(now)
    since = transition_time(before, new["status"], stamp)
    entry = {**new, "lastUpdateTime": stamp, "lastTransitionTime": since}
    return [*without_condition(conditions, new["type"]), entry]


def _with_available(deployment: Json, sets: Sequence[Json], now: datetime) -> list[Json]:
    conditions = list(status_of(deployment).get("conditions") or ())
    if total(sets, "availableReplicas") >= limits_of(deployment).least_available:
        words = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        words = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    return _put(conditions, new_condition("Available", *words), now)


def _with_failure(
    conditions: list[Json], deployment: Json, sets: Sequence[Json], now: datetime
) -> list[Json]:
    """Show what keeps the new set, or an old one, from making pods."""
    new = new_set_of(deployment, sets)
    for each in [*([new] if new else []), *old_sets_of(sets, new)]:
        if failure := find_condition(each, "ReplicaFailure"):
            words = (failure["status"], failure["reason"], failure.get("message", ""))
            return _put(conditions, new_condition("ReplicaFailure", *words), now)
    return without_condition(conditions, "ReplicaFailure")


def deadline_of(deployment: Json) -> int | None:
    """Seconds without progress that are too long; None when nobody counts them."""
    deadline = spec_of(deployment).get("progressDeadlineSeconds")
    deadline = _DEFAULT_DEADLINE if deadline is None else int(deadline)
    return None if deadline == _NO_DEADLINE else deadline


def _with_progress(
    conditions: list[Json],
    deployment: Json,
    sets: Sequence[Json],
    *,
    counts: dict[str, int],
    now: datetime,
    created: bool,
) -> list[Json]:
    deadline = deadline_of(deployment)
    if deadline is None:
        return without_condition(conditions, "Progressing")
    before = condition_in(conditions, "Progressing") or {}
    if is_paused(deployment):
        if before.get("reason") == _TIMED_OUT:
            return conditions
        return _put(conditions, new_condition("Progressing", "Unknown", _PAUSED, "Deployment is paused"), now)
    if before.get("reason") == _PAUSED:
        resumed = new_condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")
        return _put(conditions, resumed, now)
    new = new_set_of(deployment, sets)
    if new is not None and (created or not before):
        reason = "NewReplicaSetCreated" if created else "FoundNewReplicaSet"
        words = ("True", reason, _EXPLAINED[reason].format(name_of(new)))
        conditions = _put(conditions, new_condition("Progressing", *words), now)
        if not before:
            return conditions
    subject = f'ReplicaSet "{name_of(new)}"' if new else f'Deployment "{name_of(deployment)}"'
    if is_complete(deployment, sets):
        words = ("True", _DONE, f"{subject} has successfully progressed.")
        return _put(conditions, new_condition("Progressing", *words), now)
    if _moved(status_of(deployment), counts):
        words = ("True", "ReplicaSetUpdated", f"{subject} is progressing.")
        return _put(conditions, new_condition("Progressing", *words), now, refresh=True)
    if _is_late(condition_in(conditions, "Progressing"), deadline, now):
        words = ("False", _TIMED_OUT, f"{subject} has timed out progressing.")
        return _put(conditions, new_condition("Progressing", *words), now)
    return conditions


def _moved(before: Json, counts: dict[str, int]) -> bool:
    def was(field: str) -> int:
        return int(before.get(field) or 0)

    old_pods = counts["replicas"] - counts["updatedReplicas"]
    return (
        counts["updatedReplicas"] > was("updatedReplicas")
        or old_pods < was("replicas") - was("updatedReplicas")
        or counts["readyReplicas"] > was("readyReplicas")
        or counts["availableReplicas"] > was("availableReplicas")
    )


def _is_late(condition: Json | None, deadline: int, now: datetime) -> bool:
    if condition is None or condition.get("reason") == _DONE:
        return False
    if condition.get("reason") == _TIMED_OUT:
        return True
    since = parse_time(condition.get("lastUpdateTime"))
    return since is not None and now >= since + timedelta(seconds=deadline)


def _seconds_to_deadline(deployment: Json, conditions: list[Json], now: datetime) -> float | None:
    condition = condition_in(conditions, "Progressing") or {}
    deadline = deadline_of(deployment)
    since = parse_time(condition.get("lastUpdateTime"))
    if deadline is None or since is None or is_paused(deployment):
        return None
    if condition.get("reason") in (_DONE, _TIMED_OUT):
        return None
    return max(0.1, (since + timedelta(seconds=deadline) - now).total_seconds())
