"""Conditions of a status: reading them, and setting one so that its times mean something. Pure."""

from collections.abc import Iterable
from datetime import datetime

from convoy.cluster.controllers.objects import Json, status_of
from convoy.kit.times import format_time


def find_condition(obj: Json, kind: str) -> Json | None:
    """The condition of that type in an object's status."""
    return condition_in(status_of(obj).get("conditions") or (), kind)


def condition_in(conditions: Iterable[Json], kind: str) -> Json | None:
    """The condition of that type."""
    return next((each for each in conditions if each.get("type") == kind), None)


def is_true(obj: Json, kind: str) -> bool:
    """Whether an object has that condition with status True."""
    condition = find_condition(obj, kind)
    return condition is not None and condition.get("status") == "True"


def new_condition(kind: str, status: str, reason: str, message: str) -> Json:
    """A condition that has no times yet."""
    return {"type": kind, "status": status, "reason": reason, "message": message}


def with_condition(conditions: Iterable[Json], new: Json, now: datetime) -> list[Json]:
    """The conditions with `new` in the place of its type; the transition time changes with the status only.

    An unchanged condition keeps its object, times included.
    """
    kept = list(conditions)
    at = next((index for index, each in enumerate(kept) if each.get("type") == new["type"]), None)
    if at is None:
        return [*kept, {**new, "lastTransitionTime": format_time(now)}]
    before = kept[at]
    if {**before, **new} == before:
        return kept
    since = before.get("lastTransitionTime") if before.get("status") == new["status"] else None
    kept[at] = {**before, **new, "lastTransitionTime": since or format_time(now)}
    return kept


def without_condition(conditions: Iterable[Json], kind: str) -> list[Json]:
    """The conditions but the one of that type."""
    return [each for each in conditions if each.get("type") != kind]
