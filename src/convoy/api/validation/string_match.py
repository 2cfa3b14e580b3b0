"""Values that must be exact, begin with a prefix, or match a regular expression."""

from convoy.api import codes
from convoy.api.istio.common import StringMatch
from convoy.api.validation.finding import Findings


def check_string(path: str, condition: StringMatch, found: Findings, *, may_be_empty: bool = False) -> None:
    """One kind of match; with `may_be_empty` a prefix may be empty, as Envoy allows of paths."""
    check_one_kind(path, condition, found)
    if condition.prefix == "" and not may_be_empty:
        found.add(codes.EMPTY, f"{path}.prefix", "is empty.", "Say a prefix, or remove the condition.")
    if condition.regex is not None:
        found.check_regex(f"{path}.regex", condition.regex)


def check_one_kind(path: str, condition: StringMatch, found: Findings) -> None:
    """At most one of exact, prefix and regex."""
    given = [name for name in ("exact", "prefix", "regex") if getattr(condition, name) is not None]
    if len(given) > 1:
        found.add(codes.CONFLICT, path, f"{' and '.join(given)} exclude each other.", "Keep one of them.")
