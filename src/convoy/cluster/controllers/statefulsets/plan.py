"""The next step of a StatefulSet, and its status. Pure.

In order (`OrderedReady`) one pod is touched at a time: a pod is made when all before it are available, and
removed when all are. `Parallel` makes and removes at once. A rolling update deletes the last pod that is not
of the new revision, and goes on when its successor is ready; it never goes below the partition.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from convoy.cluster.controllers.objects import Json, generation_of, is_deleting, spec_of, status_of
from convoy.cluster.controllers.pods import is_finished, is_ready, phase_of, seconds_to_available
from convoy.cluster.controllers.replicas import wanted_replicas
from convoy.cluster.controllers.statefulsets.pods import first_ordinal, revision_of


@dataclass(frozen=True, slots=True)
class CreatePod:
    """Make the pod in that place, of the revision of that name."""

    ordinal: int
    revision: str


@dataclass(frozen=True, slots=True)
class DeletePod:
    """Remove a pod; `condemned`: its place is no longer wanted."""

    pod: Json
    ordinal: int
    condemned: bool = False


Action = CreatePod | DeletePod


@dataclass(frozen=True, slots=True)
class Revisions:
    """The names of the revision that is being replaced and of the one that replaces it."""

    current: str
    update: str


def partition_of(stateful_set: Json) -> int:
    """How many of the first places a rolling update leaves alone."""
    strategy = spec_of(stateful_set).get("updateStrategy") or {}
    return int((strategy.get("rollingUpdate") or {}).get("partition") or 0)


def is_on_delete(stateful_set: Json) -> bool:
    """Whether pods get a new revision only when someone deletes them."""
    return bool((spec_of(stateful_set).get("updateStrategy") or {}).get("type") == "OnDelete")


def is_parallel(stateful_set: Json) -> bool:
    """Whether pods are made and removed without waiting for each other."""
    return bool(spec_of(stateful_set).get("podManagementPolicy") == "Parallel")


def wanted_ordinals(stateful_set: Json) -> range:
    """The places that are to be filled."""
    first = first_ordinal(stateful_set)
    return range(first, first + wanted_replicas(stateful_set))


def is_running(pod: Json) -> bool:
    """Whether it runs and is ready; it may be ending."""
    return phase_of(pod) == "Running" and is_ready(pod)


def is_healthy(pod: Json) -> bool:
    """Whether it runs, is ready and is not ending."""
    return is_running(pod) and not is_deleting(pod)


def _is_available(stateful_set: Json, pod: Json, now: datetime) -> bool:
    min_ready = int(spec_of(stateful_set).get("minReadySeconds") or 0)
    return is_running(pod) and seconds_to_available(pod, min_ready, now) == 0.0


def revision_for(stateful_set: Json, ordinal: int, revisions: Revisions) -> str:
    """The revision that a pod made now in that place is of."""
    is_kept = ordinal < first_ordinal(stateful_set) + partition_of(stateful_set)
    return revisions.current if is_kept and not is_on_delete(stateful_set) else revisions.update


def plan_stateful(
    stateful_set: Json, pods: Mapping[int, Json], revisions: Revisions, now: datetime
) -> tuple[Action, ...]:
    """What to do now; nothing when all is well, or something must be waited for. `pods` by place."""
    if is_deleting(stateful_set):
        return ()
    filling, must_wait = _plan_filling(stateful_set, pods, revisions, now)
    if filling or must_wait:
        return filling
    removal, must_wait = _plan_removal(stateful_set, pods, now)
    if removal or must_wait or is_on_delete(stateful_set):
        return removal
    return _plan_update(stateful_set, pods, revisions)


def _plan_filling(
    stateful_set: Json, pods: Mapping[int, Json], revisions: Revisions, now: datetime
) -> tuple[tuple[Action, ...], bool]:
    """Fill empty places from the first on; True: what comes after must wait."""
    actions: list[Action] = []
    for ordinal in wanted_ordinals(stateful_set):
        pod = pods.get(ordinal)
        if pod is None:
            actions.append(CreatePod(ordinal, revision_for(stateful_set, ordinal, revisions)))
        elif is_finished(pod):  # it keeps its place, so its successor cannot be made before it is gone
            actions += [] if is_deleting(pod) else [DeletePod(pod, ordinal)]
        elif is_parallel(stateful_set) or (not is_deleting(pod) and _is_available(stateful_set, pod, now)):
            continue
        if not is_parallel(stateful_set):
            return tuple(actions), True
    return tuple(actions), False


def _plan_removal(
    stateful_set: Json, pods: Mapping[int, Json], now: datetime
) -> tuple[tuple[Action, ...], bool]:
    """Remove what is beyond the wanted places, from the last on."""
    wanted = wanted_ordinals(stateful_set)
    condemned = [ordinal for ordinal in sorted(pods, reverse=True) if ordinal not in wanted]
    if is_parallel(stateful_set):
        dying = (ordinal for ordinal in condemned if not is_deleting(pods[ordinal]))
        return tuple(DeletePod(pods[ordinal], ordinal, condemned=True) for ordinal in dying), False
    if not condemned:
        return (), False
    unhealthy = next((ordinal for ordinal in sorted(pods) if not is_healthy(pods[ordinal])), None)
    last = condemned[0]
    pod = pods[last]
    may_recover = not is_finished(pod) and not _is_available(stateful_set, pod, now)
    if is_deleting(pod) or (may_recover and unhealthy != last):
        return (), True  # another unhealthy one is to recover, or go, first
    return (DeletePod(pod, last, condemned=True),), True


def _plan_update(stateful_set: Json, pods: Mapping[int, Json], revisions: Revisions) -> tuple[Action, ...]:
    least = first_ordinal(stateful_set) + partition_of(stateful_set)
    for ordinal in reversed(wanted_ordinals(stateful_set)):
        if ordinal < least or ordinal not in pods:
            return ()
        pod = pods[ordinal]
        if revision_of(pod) != revisions.update and not is_deleting(pod):
            return (DeletePod(pod, ordinal),)
        if not is_healthy(pod):
            return ()
    return ()


def stateful_status(
    stateful_set: Json,
    pods: Mapping[int, Json],
    revisions: Revisions,
    now: datetime,
    *,
    collisions: int = 0,
) -> tuple[Json, float | None]:
    """The status, and when it may next change by time alone."""
    living = [pod for pod in pods.values() if not is_deleting(pod)]
    min_ready = int(spec_of(stateful_set).get("minReadySeconds") or 0)
    waits = [seconds_to_available(pod, min_ready, now) for pod in pods.values() if is_running(pod)]
    updated = sum(revision_of(pod) == revisions.update for pod in living)
    status = {
        "observedGeneration": generation_of(stateful_set),
        "replicas": len(pods),
        "readyReplicas": sum(map(is_running, pods.values())),
        "currentReplicas": sum(revision_of(pod) == revisions.current for pod in living),
        "updatedReplicas": updated,
        "currentRevision": revisions.current,
        "updateRevision": revisions.update,
        "availableReplicas": waits.count(0.0),
        "collisionCount": collisions,
    }
    is_done = updated == status["replicas"] == status["readyReplicas"] == wanted_replicas(stateful_set)
    if is_done and not is_on_delete(stateful_set):
        status |= {"currentRevision": revisions.update, "currentReplicas": updated}
    if conditions := status_of(stateful_set).get("conditions"):
        status["conditions"] = conditions
    kept = {"observedGeneration", "replicas", "collisionCount", "availableReplicas"}
    shown = {name: value for name, value in status.items() if value or name in kept}
    later = [wait for wait in waits if wait]
    return shown, min(later) if later else None
