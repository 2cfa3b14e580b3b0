"""Rules of a VirtualService that earlier ones leave nothing to, and conditions that were asked before."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import msgspec

from convoy.api import codes
from convoy.api.istio.virtual_service import (
    HttpMatchRequest,
    HttpRoute,
    TcpRoute,
    TlsRoute,
    VirtualServiceSpec,
)
from convoy.api.paths import item_path
from convoy.api.validation.finding import Findings
from convoy.api.validation.http_match import is_catch_all

_Rule = HttpRoute | TlsRoute | TcpRoute


def check_reachable(spec: VirtualServiceSpec, found: Findings) -> None:
    """Each of the three lists by itself: the first rule that matches decides."""
    _check_list("spec.http", spec.http, found, is_catch_all=is_catch_all)
    _check_list("spec.tls", spec.tls, found, is_catch_all=_never)
    _check_list("spec.tcp", spec.tcp, found, is_catch_all=_never)


def _check_list(
    path: str, rules: Sequence[_Rule], found: Findings, *, is_catch_all: Callable[[Any], bool]
) -> None:
    seen: dict[Hashable, int] = {}
    for i, rule in enumerate(rules):
        here = item_path(path, i)
        repeated = [(j, seen[key]) for j, match in enumerate(rule.match) if (key := _key(match)) in seen]
        for j, first in repeated:
            if len(repeated) < len(rule.match):
                message = f"is the condition of {item_path(path, first)}, which comes first."
                found.add(codes.UNREACHABLE, item_path(f"{here}.match", j), message, "Remove one of them.")
        if repeated and len(repeated) == len(rule.match):
            message = (
                f"is never reached: {item_path(path, repeated[0][1])} has its conditions and comes first."
            )
            found.add(codes.UNREACHABLE, here, message, "Remove one of them.")
        if i + 1 < len(rules) and (not rule.match or any(map(is_catch_all, rule.match))):
            message = f"is never reached: {here} takes everything."
            found.add(codes.UNREACHABLE, item_path(path, i + 1), message, "Move that rule to the end.")
            return
        for match in rule.match:
            seen.setdefault(_key(match), i)


def _key(match: msgspec.Struct) -> bytes:
    """What a condition asks, without its name."""
    if isinstance(match, HttpMatchRequest):
        match = msgspec.structs.replace(match, name="")
    return msgspec.json.encode(match, order="deterministic")


def _never(match: object) -> bool:
    return False
