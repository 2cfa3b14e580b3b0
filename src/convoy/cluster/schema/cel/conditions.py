"""Conditions on requests (`matchConditions` of webhooks): what they may call, and whether they hold.

They see `object`, `oldObject` and `request` as they are, without types, and ask the `authorizer` what the
user may do. https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-authorizer-library
"""

import functools
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from cel_expr_python import cel

from convoy.cluster.machinery.admission import MayUser
from convoy.cluster.machinery.requests import User
from convoy.cluster.schema.cel.library import called_functions, configuration
from convoy.cluster.schema.cel.rules import words

Opaque = dict[str, Any]

_REQUEST_RESOURCE: Final = "authorizer.requestResource"
_VARIABLES: Final = ("object", "oldObject", "request", "authorizer", _REQUEST_RESOURCE)
# The interpreter knows no types of ours, so a question to the authorizer is a map with these keys.
_ABOUT: Final = "@about"
_ACCOUNT: Final = "@account"
_DECISION: Final = "@decision"


class ConditionError(Exception):
    """An expression came to nothing; the text says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a condition is asked about: the values of its variables, and who may do what."""

    values: Mapping[str, Any]
    user: User
    may_user: MayUser


_asked: ContextVar[Asked] = ContextVar("asked")


def check_condition(expression: str) -> str | None:
    """Why an expression is no condition; None when it is one."""
    try:
        result = _compiled(expression).return_type()
    except ConditionError as error:
        return f"compilation failed: {error}"
    return None if result in (cel.Type.BOOL, cel.Type.DYN) else "must evaluate to bool"


def condition_holds(expression: str, asked: Asked) -> bool:
    """Whether a condition holds; raises ConditionError when it comes to nothing."""
    program = _compiled(expression)
    data = {**asked.values, "authorizer": {}, _REQUEST_RESOURCE: _request_resource(asked.values["request"])}
    token = _asked.set(asked)
    try:
        result = program.eval(data=data)
    finally:
        _asked.reset(token)
    if result.type() == cel.Type.ERROR:
        raise ConditionError(words(str(result.plain_value())))
    if result.type() != cel.Type.BOOL:
        raise ConditionError("cel expression must evaluate to a bool")
    return bool(result.plain_value())


@functools.lru_cache(maxsize=1024)
def _compiled(expression: str) -> Any:
    try:
        return _environment().compile(expression)
    except RuntimeError as error:
        text = re.sub(r"^[A-Z_]+: ", "", str(error))
        raise ConditionError(re.sub(r" \[[A-Z_]+\]$", "", text)) from error


@functools.cache
def _environment() -> cel.Env:
    return cel.NewEnv(
        config=configuration(with_bindings=True),
        variables=dict.fromkeys(_VARIABLES, cel.Type.DYN),
        functions=[*called_functions(), *_authorizer_functions()],
    )


def _authorizer_functions() -> list[cel.FunctionDecl]:
    """Members of maps that take texts, by name with their number of parameters."""
    parts = ("path", "group", "resource", "subresource", "namespace", "name")
    members: list[tuple[str, int, Callable[..., Any]]] = [
        *((part, 1, functools.partial(_about, part)) for part in parts),
        ("serviceAccount", 2, _service_account),
        ("check", 1, _check),
        ("allowed", 0, lambda decision: _decided(decision)[0]),
        ("reason", 0, lambda decision: _decided(decision)[1]),
        ("errored", 0, lambda decision: not _decided(decision)),
        ("error", 0, lambda decision: "" if _decided(decision) else "no decision"),
    ]
    return [_member(name, count, call) for name, count, call in members]


def _member(name: str, count: int, call: Callable[..., Any]) -> cel.FunctionDecl:
    overload = cel.Overload(
        f"authorizer_{name}",
        return_type=cel.Type.DYN,
        parameters=[cel.Type.MAP, *[cel.Type.STRING] * count],
        is_member=True,
        impl=call,
    )
    return cel.FunctionDecl(name, [overload])


def _about(part: str, question: Opaque, value: str) -> Opaque:
    return {**question, _ABOUT: {**question.get(_ABOUT, {}), part: value}}


def _service_account(question: Opaque, namespace: str, name: str) -> Opaque:
    return {**question, _ACCOUNT: [namespace, name]}


def _check(question: Opaque, verb: str) -> Opaque:
    asked = _asked.get()
    user = asked.user
    if account := question.get(_ACCOUNT):
        namespace, name = account
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        user = User(f"system:serviceaccount:{namespace}:{name}", groups)
    is_allowed, reason = asked.may_user(user, {**question.get(_ABOUT, {}), "verb": verb})
    return {_DECISION: [is_allowed, reason]}


def _decided(decision: Opaque) -> list[Any]:
    if _DECISION not in decision:
        raise TypeError("no such overload")
    found: list[Any] = decision[_DECISION]
    return found


def _request_resource(request: Mapping[str, Any]) -> Opaque:
    """The authorizer's question about what is being written."""
    about = {
        "group": request["resource"]["group"],
        "resource": request["resource"]["resource"],
        "subresource": request.get("subResource", ""),
        "namespace": request.get("namespace", ""),
        "name": request.get("name", ""),
    }
    return {_ABOUT: about}
