"""What to write into an object's status: whether the mesh does what it says, and what is wrong; pure.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from convoy.api.problems import Problem, sort_problems
from convoy.config.kube.holding import ObjectState
from convoy.kit.times import format_time

Json = dict[str, Any]

RECONCILED = "Reconciled"
_LONGEST_MESSAGE = 1024


def plan_status(state: ObjectState, problems: Sequence[Problem], *, now: datetime) -> Json | None:
    """The merge patch that makes an object's status tell these problems; None when it does already.

    Conditions of others stay. The patch fails when the object is no longer what `state` says.
    """
    wanted = _condition(state, problems)
    messages = [_message(problem) for problem in sort_problems(problems)]
    conditions = state.status.get("conditions") or []
    found: Json = next((each for each in conditions if each.get("type") == RECONCILED), {})
    if _is_told(wanted, found) and (state.status.get("validationMessages") or []) == messages:
        return None
    is_same = found.get("status") == wanted["status"] and found.get("lastTransitionTime")
    since = found["lastTransitionTime"] if is_same else format_time(now)
    others = [each for each in conditions if each.get("type") != RECONCILED]
    return {
        "metadata": {"resourceVersion": state.resource_version},
        "status": {
            "conditions": [*others, {**wanted, "lastTransitionTime": since}],
            "validationMessages": messages or None,
            "observedGeneration": state.generation,
        },
    }


def _is_told(wanted: Json, found: Mapping[str, Any]) -> bool:
    return all(found.get(name) == value for name, value in wanted.items())


def _condition(state: ObjectState, problems: Sequence[Problem]) -> Json:
    errors = [problem for problem in sort_problems(problems) if problem.is_error]
    if state.is_refused:
        status, reason, said = "False", "Refused", "The newest version is not in force"
    elif errors:
        status, reason, said = "False", "NotAllInForce", "Not all of it is in force"
    else:
        status, reason, said = "True", RECONCILED, "In force"
    warnings = len(problems) - len(errors)
    message = f"{said}: {' '.join(map(_sentences, errors))}" if errors else f"{said}."
    if warnings and not errors:
        message = f"{said}, with {warnings} warning{'s' if warnings > 1 else ''}."
    return {
        "type": RECONCILED,
        "status": status,
        "reason": reason,
        "message": message if len(message) <= _LONGEST_MESSAGE else message[: _LONGEST_MESSAGE - 3] + "...",
        "observedGeneration": state.generation,
    }


def _message(problem: Problem) -> Json:
    """A Problem in the shape of Istio's validation messages, with our field and sentences added."""
    return {
        "type": {"code": problem.code.id, "name": problem.code.meaning},
        "level": str(problem.level).upper(),
        "field": problem.field,
        "message": f"{problem.message} {problem.remedy}".strip(),
    }


def _sentences(problem: Problem) -> str:
    place = f"{problem.field}: " if problem.field else ""
    return f"{place}{problem.message} {problem.remedy}".strip() + f" [{problem.code}]"
