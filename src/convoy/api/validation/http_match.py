"""The conditions of an HTTP rule in a VirtualService."""

import msgspec

from convoy.api import codes
from convoy.api.istio.common import StringMatch
from convoy.api.istio.virtual_service import HttpMatchRequest
from convoy.api.paths import child_path, quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings

_CLAIMS = "@request.auth.claims"
_ANYTHING = HttpMatchRequest()
# Written as headers these have no effect: Istio's API has fields of their own for them.
_OWN_FIELDS = ("uri", "scheme", "method", "authority")


def check_match(path: str, match: HttpMatchRequest, found: Findings) -> None:
    """One entry of `match`."""
    for name in _OWN_FIELDS:
        condition: StringMatch | None = getattr(match, name)
        if condition is not None:
            _check_string(f"{path}.{name}", condition, found)
            if condition == StringMatch():
                remedy = "Add one of them, or remove it."
                found.add(codes.EMPTY, f"{path}.{name}", "has no exact, prefix or regex.", remedy)
    _check_headers(f"{path}.headers", match.headers, found)
    _check_headers(f"{path}.withoutHeaders", match.without_headers, found)
    for name, condition in match.query_params.items():
        here = child_path(f"{path}.queryParams", name)
        found.check_not_empty(here, name, "Name the parameter.")
        _check_string(here, condition, found)
    found.check_port(f"{path}.port", match.port)
    found.check_labels(f"{path}.sourceLabels", match.source_labels)
    if match.source_namespace and not names.is_label(match.source_namespace):
        message = f"{quote(match.source_namespace)} is not a namespace."
        found.add(codes.BAD_REFERENCE, f"{path}.sourceNamespace", message, "Use its metadata.name.")


def is_catch_all(match: HttpMatchRequest) -> bool:
    """Whether it is true of every request: nothing but a name, or the path prefix `/`."""
    rest = msgspec.structs.replace(match, name="", ignore_uri_case=False)
    if rest.uri is not None and rest.uri.prefix == "/":
        rest = msgspec.structs.replace(rest, uri=None)
    return rest == _ANYTHING


def _check_headers(path: str, headers: dict[str, StringMatch], found: Findings) -> None:
    for name, condition in headers.items():
        here = child_path(path, name)
        if name.startswith(_CLAIMS):
            message = "matching claims of a token is not supported yet."
            found.add(codes.NOT_BUILT_FIELD, here, message, "Remove the condition.")
        elif not names.is_header_name(name):
            remedy = 'Use letters, digits and "-".'
            found.add(codes.BAD_HEADER, here, f"{quote(name)} is not a header name.", remedy)
        elif name in _OWN_FIELDS:
            message = f"{quote(name)} is no header here, so the condition is ignored."
            found.add(codes.NO_EFFECT, here, message, f"Use the field {name} beside headers.")
        _check_string(here, condition, found)


def _check_string(path: str, condition: StringMatch, found: Findings) -> None:
    given = [name for name in ("exact", "prefix", "regex") if getattr(condition, name) is not None]
    if len(given) > 1:
        found.add(codes.CONFLICT, path, f"{' and '.join(given)} exclude each other.", "Keep one of them.")
    if condition.prefix == "":
        found.add(codes.EMPTY, f"{path}.prefix", "is empty.", "Say a prefix, or remove the condition.")
    if condition.regex is not None:
        found.check_regex(f"{path}.regex", condition.regex)
