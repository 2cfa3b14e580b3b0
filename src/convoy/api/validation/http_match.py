"""The conditions of an HTTP rule in a VirtualService."""

import msgspec

from convoy.api import codes
from convoy.api.istio.common import StringMatch
from convoy.api.istio.virtual_service import HttpMatchRequest
from convoy.api.paths import child_path, quote
from convoy.api.request_claims import claim_path
from convoy.api.validation import names
from convoy.api.validation.finding import Findings
from convoy.api.validation.gateway_names import check_gateway_names
from convoy.api.validation.string_match import check_string

_ANYTHING = HttpMatchRequest()
# Written as headers these have no effect: Istio's API has fields of their own for them.
_OWN_FIELDS = ("uri", "scheme", "method", "authority")
_PSEUDO_HEADERS = (":method", ":scheme", ":authority", ":path", ":status")
# Istio's way to ask for presence where a regular expression stands.
_PRESENT = "*"


def check_match(path: str, match: HttpMatchRequest, found: Findings, *, at_gateways_only: bool) -> None:
    """One entry of `match`. Claims of tokens are known only where the rules are for gateways alone."""
    for name in _OWN_FIELDS:
        condition: StringMatch | None = getattr(match, name)
        if condition is not None:
            check_string(f"{path}.{name}", condition, found, may_be_empty=name == "uri")
            if condition == StringMatch():
                message = "has no exact, prefix or regex, so every request meets it."
                found.add(codes.NO_EFFECT, f"{path}.{name}", message, "Add one of them, or remove it.")
    _check_headers(f"{path}.headers", match.headers, found, may_be_claims=at_gateways_only)
    _check_headers(f"{path}.withoutHeaders", match.without_headers, found, may_be_claims=at_gateways_only)
    for name, condition in match.query_params.items():
        here = child_path(f"{path}.queryParams", name)
        found.check_not_empty(here, name, "Name the parameter.")
        check_string(here, condition, found)
    found.check_labels(f"{path}.sourceLabels", match.source_labels)
    check_gateway_names(f"{path}.gateways", match.gateways, found)
    if match.source_namespace and not names.is_host_label(match.source_namespace):
        message = f"{quote(match.source_namespace)} is not a namespace."
        found.add(codes.BAD_REFERENCE, f"{path}.sourceNamespace", message, "Use its metadata.name.")


def is_catch_all(match: HttpMatchRequest) -> bool:
    """Whether it is true of every request: nothing but a name, or the path prefix `/`."""
    rest = msgspec.structs.replace(match, name="", ignore_uri_case=False, stat_prefix="")
    if rest.uri is not None and rest.uri.prefix in ("", "/"):
        rest = msgspec.structs.replace(rest, uri=None)
    return rest == _ANYTHING


def _check_headers(
    path: str, headers: dict[str, StringMatch], found: Findings, *, may_be_claims: bool
) -> None:
    for name, condition in headers.items():
        here = child_path(path, name)
        claims = claim_path(name)
        if claims is not None:
            _check_claims(here, claims, found, may_be_claims=may_be_claims)
        elif name not in _PSEUDO_HEADERS and (name.startswith(":") or not names.is_header_name(name)):
            remedy = 'Use letters, digits and "-".'
            found.add(codes.BAD_HEADER, here, f"{quote(name)} is not a header name.", remedy)
        elif name in _OWN_FIELDS:
            message = f"{quote(name)} is no header here, so the condition is ignored."
            found.add(codes.NO_EFFECT, here, message, f"Use the field {name} beside headers.")
        if condition.regex != _PRESENT:
            check_string(here, condition, found)


def _check_claims(path: str, claims: tuple[str, ...], found: Findings, *, may_be_claims: bool) -> None:
    if not may_be_claims:
        message = "claims of tokens are known at gateways only, but these rules are not for gateways alone."
        remedy = (
            "Name gateways other than mesh in spec.gateways, or remove the condition. Delegates have it from "
            "the rule that names them."
        )
        found.add(codes.CONFLICT, path, message, remedy)
    if not all(claims):
        message = "the name of a claim is empty."
        found.add(codes.BAD_HEADER, path, message, "Name each claim on the way, as in [group][id].")
