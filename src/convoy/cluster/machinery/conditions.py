"""Conditions of a status: reading them, and setting one so that its times mean something. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from convoy.kit.times import format_time

Json = dict[str, Any]


def find_condition(obj: Mapping[str, Any], kind: str) -> Json | None:
    """The condition of that type in an object's status."""
    return condition_in((obj.get("status") or {}).get("conditions"), kind)


def condition_in(conditions: Iterable[Json] | None, kind: str) -> Json | None:
    """The condition of that type."""
    return next((each for each in conditions or () if each.get("type") == kind), None)


def is_true(obj: Mapping[str, Any], kind: str) -> bool:
    """Whether an object has that condition with status True."""
    return is_true_in((obj.get("status") or {}).get("conditions"), kind)


def is_true_in(conditions: Iterable[Json] | None, kind: str) -> bool:
    """Whether that condition is among them with status True."""
    condition = condition_in(conditions, kind)
    return condition is not None and condition.get("status") == "True"


def new_condition(kind: str, status: str, reason: str, message: str) -> Json:
    """A condition that has no times yet."""
    return {"type": kind, "status": status, "reason": reason, "message": message}


def transition_time(before: Mapping[str, Any] | None, status: str, now: str) -> str:
    """The lastTransitionTime of a condition with `status` that was `before`: kept while the status is."""
    is_same = before is not None and before.get("status") == status
    return (before.get("lastTransitionTime") if before is not None and is_same else None) or now


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
    since = transition_time(before, new["status"], format_time(now))
    kept[at] = {**before, **new, "lastTransitionTime": since}
    return kept


def without_condition(conditions: Iterable[Json], kind: str) -> list[Json]:
    """The conditions but the one of that type."""
    return [each for each in conditions if each.get("type") != kind]
