"""Changing a Deployment's size while it may be rolling out: every set gets its share. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#proportional-scaling
"""

import math
from collections.abc import Sequence

from convoy.cluster.controllers.deployments.sets import (
    DESIRED,
    MAXIMUM,
    Limits,
    count,
    is_active_set,
    is_recreate,
    limits_of,
    new_set_of,
    number_in,
    old_sets_of,
    oldest_first,
    size_of,
    total_size,
)
from convoy.cluster.controllers.objects import Json, created_at, name_of, status_of


def is_resized(deployment: Json, sets: Sequence[Json]) -> bool:
    """Whether a set with pods remembers another size of the Deployment than it has now."""
    wanted = limits_of(deployment).wanted
    remembered = (number_in(each, DESIRED) for each in sets if is_active_set(each))
    return any(desired is not None and desired != wanted for desired in remembered)


def plan_sizes(deployment: Json, sets: Sequence[Json]) -> list[tuple[Json, int]]:
    """The size that each set concerned is to have, also where it has it already."""
    limits = limits_of(deployment)
    new = new_set_of(deployment, sets)
    old = old_sets_of(sets, new)
    active = [each for each in sets if is_active_set(each)]
    if len(active) <= 1:
        only = active[0] if active else new or (old[-1] if old else None)
        return [(only, limits.wanted)] if only is not None else []
    if _is_saturated(new, limits):
        return [(each, 0) for each in old if is_active_set(each)]
    if is_recreate(deployment):
        return []
    return _shares(deployment, active, limits)


def _is_saturated(new: Json | None, limits: Limits) -> bool:
    return (
        new is not None
        and size_of(new) == number_in(new, DESIRED) == limits.wanted
        and count(new, "availableReplicas") == limits.wanted
    )


def _shares(deployment: Json, active: Sequence[Json], limits: Limits) -> list[tuple[Json, int]]:
    allowed = limits.most if limits.wanted > 0 else 0
    to_add = allowed - total_size(active)
    ordered = _largest_first(active, newest_first=to_add > 0)
    sizes, added = [], 0
    for each in ordered:
        share = _share(deployment, each, limits=limits, left=to_add - added)
        added += share
        sizes.append(size_of(each) + share)
    if to_add:
        sizes[0] = max(0, sizes[0] + to_add - added)  # what rounding left over
    return list(zip(ordered, sizes, strict=True))


def _largest_first(active: Sequence[Json], *, newest_first: bool) -> list[Json]:
    by_age = oldest_first(active)
    if newest_first:
        by_age.sort(key=created_at, reverse=True)
    return sorted(by_age, key=size_of, reverse=True)


def _share(deployment: Json, replica_set: Json, *, limits: Limits, left: int) -> int:
    """How many of the `left` pods to add (negative: to remove) fall to one set."""
    if left == 0:
        return 0
    before = number_in(replica_set, MAXIMUM) or int(status_of(deployment).get("replicas") or 0)
    most = limits.most if limits.wanted > 0 else 0
    size = size_of(replica_set)
    change = math.floor(size * most / before + 0.5) - size if before else left
    return min(change, left) if left > 0 else max(change, left)


def describe_sizes(sizes: Sequence[tuple[Json, int]]) -> dict[str, int]:
    """Names and sizes, for people and tests."""
    return {name_of(each): size for each, size in sizes}
