"""The conditions of an HTTP rule, in the model's words.

Conditions that every request meets are left out (a path prefix `/`, the mere presence of `:method`), so that
a rule for everything is recognised by having no condition at all.
"""

from collections.abc import Iterator, Mapping

from convoy.api.istio.common import StringMatch
from convoy.api.istio.virtual_service import HttpMatchRequest
from convoy.api.request_claims import claim_path
from convoy.mesh.model import (
    ClaimMatch,
    HeaderMatch,
    MatchKind,
    PathMatch,
    QueryMatch,
    RouteMatch,
    TextMatch,
)

_EVERY_PATH = (
    TextMatch(MatchKind.PREFIX, "/"),
    TextMatch(MatchKind.REGEX, ".*"),
    TextMatch(MatchKind.PRESENT),
)
_PRESENT = TextMatch(MatchKind.PRESENT)


def build_match(request: HttpMatchRequest) -> RouteMatch:
    """The conditions that are met or not per request; those on port, source and gateway are not among
    them.
    """
    return RouteMatch(
        path=_path(request.uri, ignore_case=request.ignore_uri_case),
        headers=tuple(_headers(request)),
        queries=tuple(QueryMatch(name, text) for name, text in _by_name(request.query_params)),
        claims=tuple(_claims(request)),
    )


def _path(uri: StringMatch | None, *, ignore_case: bool) -> PathMatch | None:
    if uri is None:
        return None
    text = build_text(uri)
    if text in _EVERY_PATH:
        return None
    return PathMatch(text, ignore_case and text.kind is not MatchKind.REGEX)


def _headers(request: HttpMatchRequest) -> Iterator[HeaderMatch]:
    pseudo = {":scheme": request.scheme, ":method": request.method, ":authority": request.authority}
    for name, match in pseudo.items():
        if match is not None and build_text(match) != _PRESENT:
            yield HeaderMatch(name, build_text(match))
    for headers, is_inverted in ((request.headers, False), (request.without_headers, True)):
        for name, text in _by_name(headers):
            if claim_path(name) is None:
                yield HeaderMatch(name.lower(), text, is_inverted)


def _claims(request: HttpMatchRequest) -> Iterator[ClaimMatch]:
    """Claims are written among the headers; their names mean what their case says."""
    for headers, is_inverted in ((request.headers, False), (request.without_headers, True)):
        for name, text in _by_name(headers):
            if path := claim_path(name):
                yield ClaimMatch(path, text, is_inverted)


def _by_name(matches: Mapping[str, StringMatch]) -> Iterator[tuple[str, TextMatch]]:
    return ((name, build_text(matches[name])) for name in sorted(matches))


def build_text(match: StringMatch) -> TextMatch:
    """A condition on one text; an empty one asks for its presence."""
    if match.exact is not None:
        return TextMatch(MatchKind.EXACT, match.exact)
    if match.prefix is not None:
        return TextMatch(MatchKind.PREFIX, match.prefix)
    if match.regex is not None and match.regex != "*":
        return TextMatch(MatchKind.REGEX, match.regex)
    # `*` is no regular expression, but Istio has always read it as "any value".
    return _PRESENT
