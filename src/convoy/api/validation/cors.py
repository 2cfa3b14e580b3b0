"""How browsers may call a host from pages of other origins."""

from convoy.api import codes
from convoy.api.durations import parse_duration
from convoy.api.istio.virtual_service import CorsPolicy
from convoy.api.paths import item_path, quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings
from convoy.api.validation.string_match import check_one_kind

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*")


def check_cors(path: str, policy: CorsPolicy, found: Findings) -> None:
    """Origins, methods, headers, and for how long an answer counts."""
    if policy.allow_origin:
        found.add(codes.DEPRECATED, f"{path}.allowOrigin", "is deprecated.", "Use allowOrigins.")
    for i, origin in enumerate(policy.allow_origins):
        here = item_path(f"{path}.allowOrigins", i)
        check_one_kind(here, origin, found)
        if not (origin.exact or origin.prefix or origin.regex):
            found.add(codes.EMPTY, here, "stands for no origin.", "Say exact, prefix or regex.")
        elif origin.regex:
            found.check_regex(f"{here}.regex", origin.regex)
    for i, method in enumerate(policy.allow_methods):
        if method not in METHODS:
            here, remedy = item_path(f"{path}.allowMethods", i), f"Use one of {', '.join(METHODS)}."
            found.add(codes.BAD_STATUS, here, f"{quote(method)} is not a method of HTTP.", remedy)
    for member, headers in (("allowHeaders", policy.allow_headers), ("exposeHeaders", policy.expose_headers)):
        for i, name in enumerate(headers):
            if name != "*" and not (names.is_header_name(name) and name[0] != ":"):
                here = item_path(f"{path}.{member}", i)
                found.add(
                    codes.BAD_HEADER, here, f"{quote(name)} is not a header name.", 'Use letters and "-".'
                )
    if policy.max_age is not None:
        _check_age(f"{path}.maxAge", policy.max_age, found)


def _check_age(path: str, text: str, found: Findings) -> None:
    try:
        age = parse_duration(text)
    except ValueError:
        return
    # Browsers are told whole seconds.
    if age.microseconds:
        found.add(codes.BAD_DURATION, path, f"{quote(text)} is not a whole number of seconds.", "Round it.")
