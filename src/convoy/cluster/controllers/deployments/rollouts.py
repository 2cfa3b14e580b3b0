"""The next step of a rollout. Pure.

A rolling update first grows the new set as far as the surge allows, then shrinks old sets as far as
availability allows: never more than `replicas + maxSurge` pods are asked for, and never fewer than
`replicas - maxUnavailable` are left available. Pods that never became available go first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from convoy.cluster.controllers.deployments.revisions import (
    build_new_set,
    new_set_annotations,
    next_revision,
    revision_of,
    size_annotations,
)
from convoy.cluster.controllers.deployments.scaling import is_resized, plan_sizes
from convoy.cluster.controllers.deployments.sets import (
    Limits,
    count,
    is_active_set,
    is_complete,
    is_recreate,
    limits_of,
    new_set_of,
    old_sets_of,
    size_of,
    total_size,
)
from convoy.cluster.controllers.objects import (
    Json,
    annotations_of,
    created_at,
    generation_of,
    is_deleting,
    spec_of,
)
from convoy.cluster.controllers.owners import is_controlled_by
from convoy.cluster.controllers.pods import is_finished

_DEFAULT_HISTORY = 10


@dataclass(frozen=True, slots=True)
class CreateSet:
    """Make the set of the current template."""

    body: Json


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Give a set another size (None: the one it has), and these annotations among its own."""

    target: Json
    size: int | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    min_ready: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteSet:
    """Forget an old set."""

    target: Json


Action = CreateSet | ChangeSet | DeleteSet


def is_paused(deployment: Json) -> bool:
    """Whether a person stopped its rollouts; its size still follows."""
    return bool(spec_of(deployment).get("paused"))


def plan_rollout(deployment: Json, sets: Sequence[Json], pods: Sequence[Json]) -> tuple[Action, ...]:
    """What to do now; nothing when the Deployment is as it should be, or must wait for its sets.

    `sets` are those it owns; `pods` are only looked at by Recreate.
    """
    if is_deleting(deployment):
        return ()
    if is_paused(deployment):
        return (*_annotate_new(deployment, sets), *_resize(deployment, sets), *_forget_old(deployment, sets))
    if is_resized(deployment, sets):
        return (*_annotate_new(deployment, sets), *_resize(deployment, sets))
    if is_recreate(deployment):
        return tuple(_plan_recreate(deployment, sets, pods))
    return tuple(_plan_rolling(deployment, sets))


def _scale(target: Json, size: int, limits: Limits) -> list[Action]:
    remembered = size_annotations(limits)
    if size == size_of(target) and remembered.items() <= annotations_of(target).items():
        return []
    return [ChangeSet(target, size, remembered)]


def _resize(deployment: Json, sets: Sequence[Json]) -> list[Action]:
    limits = limits_of(deployment)
    return [step for each, size in plan_sizes(deployment, sets) for step in _scale(each, size, limits)]


def _annotate_new(deployment: Json, sets: Sequence[Json]) -> list[Action]:
    """Bring the new set's annotations up to date, its revision among them."""
    new = new_set_of(deployment, sets)
    if new is None:
        return []
    revision = next_revision(old_sets_of(sets, new))
    wanted = new_set_annotations(deployment, new, revision)
    min_ready = int(spec_of(deployment).get("minReadySeconds") or 0)
    if wanted == annotations_of(new) and min_ready == int(spec_of(new).get("minReadySeconds") or 0):
        return []
    return [ChangeSet(new, annotations=wanted, min_ready=min_ready)]


def _plan_rolling(deployment: Json, sets: Sequence[Json]) -> list[Action]:
    limits = limits_of(deployment)
    new = new_set_of(deployment, sets)
    if new is None:
        size = _grown(0, sets, limits)
        return [CreateSet(build_new_set(deployment, next_revision(sets), replicas=size))]
    annotate = _annotate_new(deployment, sets)
    old = old_sets_of(sets, new)
    size = min(_grown(size_of(new), sets, limits), limits.wanted)
    steps = _scale(new, size, limits) if size != size_of(new) else _shrink_old(new, old, limits)
    if not steps and is_complete(deployment, sets):
        steps = _forget_old(deployment, sets)
    return [*annotate, *steps]


def _grown(size: int, sets: Sequence[Json], limits: Limits) -> int:
    """The new set's size after growing as far as the surge allows."""
    room = limits.most - total_size(sets)
    return size + max(0, min(room, limits.wanted - size))


def _shrink_old(new: Json, old: Sequence[Json], limits: Limits) -> list[Action]:
    unavailable_new = size_of(new) - _lasting(new)
    spare = total_size([new, *old]) - limits.least_available - unavailable_new
    if total_size(old) == 0 or spare <= 0:
        return []
    sizes = {id(each): size_of(each) for each in old}
    for each in old:  # pods that are not available anyway cost nothing
        gone = min(spare, size_of(each) - _lasting(each))
        sizes[id(each)] -= gone
        spare -= gone
    spare = sum(map(_lasting, [new, *old])) - limits.least_available
    for each in old:
        gone = min(max(0, spare), sizes[id(each)])
        sizes[id(each)] -= gone
        spare -= gone
    return [
        step
        for each in old
        if sizes[id(each)] != size_of(each)
        for step in _scale(each, sizes[id(each)], limits)
    ]


def _lasting(replica_set: Json) -> int:
    """How many available pods a set will have once it has followed its size; its status may lag behind."""
    return min(count(replica_set, "availableReplicas"), size_of(replica_set))


def _plan_recreate(deployment: Json, sets: Sequence[Json], pods: Iterable[Json]) -> list[Action]:
    limits = limits_of(deployment)
    new = new_set_of(deployment, sets)
    old = old_sets_of(sets, new)
    shrink = [step for each in old if is_active_set(each) for step in _scale(each, 0, limits)]
    if shrink:
        return shrink
    if any(is_controlled_by(pod, each) for pod in pods if not is_finished(pod) for each in old):
        return []  # the last old pods are ending
    if new is None:
        return [CreateSet(build_new_set(deployment, next_revision(sets), replicas=limits.wanted))]
    steps = [*_annotate_new(deployment, sets), *_scale(new, limits.wanted, limits)]
    if not steps and is_complete(deployment, sets):
        return _forget_old(deployment, sets)
    return steps


def _forget_old(deployment: Json, sets: Sequence[Json]) -> list[Action]:
    """Delete the oldest sets beyond the history limit, if nothing of them is left."""
    limit = spec_of(deployment).get("revisionHistoryLimit")
    old = [each for each in old_sets_of(sets, new_set_of(deployment, sets)) if not is_deleting(each)]
    surplus = len(old) - (_DEFAULT_HISTORY if limit is None else int(limit))
    if surplus <= 0:
        return []
    old.sort(key=lambda each: (revision_of(each), created_at(each)))
    return [DeleteSet(each) for each in old[:surplus] if _is_empty(each)]


def _is_empty(replica_set: Json) -> bool:
    is_observed = count(replica_set, "observedGeneration") >= generation_of(replica_set)
    return size_of(replica_set) == 0 and count(replica_set, "replicas") == 0 and is_observed
