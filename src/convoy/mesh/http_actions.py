"""What an HTTP rule does beside choosing a destination, in the model's words.

Everything here is the same for every proxy and port, so it is made once per rule; what depends on the port
(a redirect's) is settled by `redirects`.
"""

import re
from collections.abc import Iterable, Mapping

import re2

from convoy.api.encoded_bytes import parse_bytes
from convoy.api.istio.common import HeaderOperations as WrittenOperations
from convoy.api.istio.common import Headers, Percent
from convoy.api.istio.virtual_service import (
    FaultAbort,
    FaultDelay,
    HttpDirectResponse,
    HttpFault,
    HttpRewrite,
)
from convoy.api.validation.faults import GRPC_STATUSES
from convoy.mesh.durations import milliseconds
from convoy.mesh.model import (
    MILLION,
    NO_EDITS,
    Abort,
    Delay,
    DirectResponse,
    Fault,
    HeaderEdits,
    HeaderOperations,
    MatchKind,
    RegexRewrite,
    Rewrite,
    RouteMatch,
)

_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)

_GRPC_CODES = {name: code for code, name in enumerate(GRPC_STATUSES)}


def build_share(percentage: Percent | None, percent: int | None = None) -> int:
    """Millionths of the requests; everything where neither field is set. `percent` is the older one."""
    if percentage is not None:
        return round(percentage.value * MILLION / 100)
    return MILLION if percent is None else percent * MILLION // 100


def build_edits(headers: Headers, *, authority: str = "") -> HeaderEdits:
    """The edits of a rule or a destination. An `authority` given besides (a rewrite's) wins."""
    if headers == Headers() and not authority:
        return NO_EDITS
    return HeaderEdits(
        request=_operations(headers.request),
        response=_operations(headers.response),
        authority=authority or _authority(headers.request.set) or _authority(headers.request.add),
    )


def build_rewrite(written: HttpRewrite | None, match: RouteMatch) -> Rewrite | None:
    """The path that servers see; None where it stays."""
    if written is None:
        return None
    if written.uri_regex_rewrite is not None:
        regex = written.uri_regex_rewrite
        return Rewrite(regex=RegexRewrite(regex.match, regex.rewrite))
    if not written.uri:
        return None
    captured = captured_path(match, written.uri)
    return Rewrite(regex=captured) if captured else Rewrite(path=written.uri)


def captured_path(match: RouteMatch, replacement: str) -> RegexRewrite | None:
    r"""A path made of pieces (`\1`) that the match's own regular expression found; None without any.

    A reference to a piece that the expression does not have, which Envoy would refuse, is literal text.
    """
    path = match.path
    named = set(_ESCAPED.findall(replacement)) - {"\\"}
    if path is None or path.text.kind is not MatchKind.REGEX or not named:
        return None
    groups = re2.compile(path.text.value).groups
    if not all(name.isdigit() and int(name) <= groups for name in named):
        return None
    # Envoy matches the whole path, but rewrites what it finds first.
    return RegexRewrite(f"^(?:{path.text.value})$", replacement)


def build_answer(written: HttpDirectResponse | None) -> DirectResponse | None:
    """A direct response; a body of bytes is written in base64."""
    if written is None:
        return None
    body = written.body
    if body.bytes is not None:
        return DirectResponse(written.status, parse_bytes(body.bytes))
    return DirectResponse(written.status, (body.string or "").encode())


def build_fault(written: HttpFault | None) -> Fault | None:
    """The faults that stock Envoy makes; None when nothing is left."""
    if written is None:
        return None
    fault = Fault(_delay(written.delay), _abort(written.abort))
    return None if fault == Fault() else fault


def _delay(written: FaultDelay | None) -> Delay | None:
    if written is None or written.fixed_delay is None:
        return None
    share = build_share(written.percentage, written.percent)
    return Delay(milliseconds(written.fixed_delay), share) if share else None


def _abort(written: FaultAbort | None) -> Abort | None:
    if written is None:
        return None
    share = build_share(written.percentage)
    grpc_status = _GRPC_CODES.get((written.grpc_status or "").upper())
    # Envoy has one of them, and no third kind.
    http_status = written.http_status if grpc_status is None else None
    if not share or (grpc_status is None and http_status is None):
        return None
    return Abort(share, http_status=http_status, grpc_status=grpc_status)


def _operations(written: WrittenOperations) -> HeaderOperations:
    return HeaderOperations(
        set=_pairs(written.set),
        add=_pairs(written.add),
        remove=tuple(sorted({name.lower() for name in written.remove if not _is_reserved(name)})),
    )


def _pairs(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name.lower(), value) for name, value in _free(headers.items())))


def _free(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return ((name, value) for name, value in headers if not _is_reserved(name))


def _is_reserved(name: str) -> bool:
    # Envoy refuses to edit these as headers; the host has a field of its own.
    return name.startswith(":") or name.lower() == "host"


def _authority(headers: Mapping[str, str]) -> str:
    named = (value for name, value in sorted(headers.items()) if name.lower() in (":authority", "host"))
    return next(named, "")
