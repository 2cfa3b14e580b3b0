"""Headers that a rule sets, adds or removes: their names, and values as Envoy's format strings."""

import re

from convoy.api import codes
from convoy.api.istio.common import HeaderOperations, Headers
from convoy.api.paths import child_path, item_path, quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings
from convoy.api.validation.header_variables import find_fault

AUTHORITY = (":authority", "host")
# Protobuf's rule for header values: no control characters but the tab.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def check_headers(path: str, headers: Headers, found: Findings) -> None:
    """What is done to the headers of requests and responses."""
    _check_operations(f"{path}.request", headers.request, found, may_set_authority=True)
    _check_operations(f"{path}.response", headers.response, found, may_set_authority=False)


def authorities(headers: Headers) -> list[str]:
    """The names, as written, under which the request's operations set its authority."""
    request = headers.request
    return [name for name in (*request.set, *request.add) if name.lower() in AUTHORITY]


def _check_operations(
    path: str, operations: HeaderOperations, found: Findings, *, may_set_authority: bool
) -> None:
    for member, values in (("set", operations.set), ("add", operations.add)):
        for name, value in values.items():
            here = child_path(f"{path}.{member}", name)
            _check_name(here, name, found, may_be_authority=may_set_authority)
            _check_value(here, value, found)
    for i, name in enumerate(operations.remove):
        _check_name(item_path(f"{path}.remove", i), name, found, may_be_authority=False)


def _check_name(path: str, name: str, found: Findings, *, may_be_authority: bool) -> None:
    if may_be_authority and name.lower() in AUTHORITY:
        return
    if name.startswith(":") or name.lower() == "host":
        remedy = "Use rewrite.authority to change the host." if name.lower() in AUTHORITY else "Remove it."
        found.add(codes.BAD_HEADER, path, f"{quote(name)} cannot be changed as a header here.", remedy)
    elif not names.is_header_name(name):
        remedy = 'Use letters, digits and "-".'
        found.add(codes.BAD_HEADER, path, f"{quote(name)} is not a header name.", remedy)


def _check_value(path: str, value: str, found: Findings) -> None:
    if _CONTROL.search(value):
        found.add(codes.BAD_HEADER_VALUE, path, "has control characters.", "Remove them.")
    if fault := find_fault(value):
        remedy = 'Write "%%" for a percent sign, and "%NAME%" or "%NAME(X)%" for a variable of Envoy.'
        found.add(codes.BAD_HEADER_VALUE, path, f"{quote(value)} {fault}.", remedy)
