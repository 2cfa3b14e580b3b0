"""Conditions on requests."""

import enum

from convoy.mesh.model.base import Part


class MatchKind(enum.StrEnum):
    """How a text is compared; PRESENT asks only that there is one."""

    EXACT = "EXACT"
    PREFIX = "PREFIX"
    REGEX = "REGEX"
    PRESENT = "PRESENT"


class TextMatch(Part, frozen=True, cache_hash=True):
    """A condition on a text; `value` is empty for PRESENT."""

    kind: MatchKind
    value: str = ""


class PathMatch(Part, frozen=True, cache_hash=True):
    """A condition on a request's path, without its query."""

    text: TextMatch
    ignore_case: bool = False


class HeaderMatch(Part, frozen=True, cache_hash=True):
    """Pseudo-headers (`:method`, `:authority`, `:scheme`) are matched like headers."""

    name: str
    text: TextMatch
    is_inverted: bool = False


class QueryMatch(Part, frozen=True, cache_hash=True):
    """A condition on one query parameter."""

    name: str
    text: TextMatch


class ClaimMatch(Part, frozen=True, cache_hash=True):
    """A condition on a claim of the request's token: a text, or a list with such a text.

    `path` names the claims from the outermost inwards. A request without a token has no claims.
    """

    path: tuple[str, ...]
    text: TextMatch
    is_inverted: bool = False


class RouteMatch(Part, frozen=True, cache_hash=True):
    """Conditions that must all hold; none of them: every request."""

    path: PathMatch | None = None
    headers: tuple[HeaderMatch, ...] = ()
    queries: tuple[QueryMatch, ...] = ()
    claims: tuple[ClaimMatch, ...] = ()
