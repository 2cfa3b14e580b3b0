"""Conditions on requests, in Envoy's words. Regular expressions are RE2 and must match the whole text."""

from envoy.config.route.v3 import route_components_pb2 as route_parts_v3
from envoy.type.matcher.v3 import metadata_pb2 as metadata_v3
from envoy.type.matcher.v3 import regex_pb2 as regex_v3
from envoy.type.matcher.v3 import string_pb2 as string_v3
from envoy.type.matcher.v3 import value_pb2 as value_v3
from google.protobuf.wrappers_pb2 import BoolValue

from convoy.mesh.model import (
    ClaimMatch,
    HeaderMatch,
    MatchKind,
    PathMatch,
    QueryMatch,
    RouteMatch,
    TextMatch,
)

# Where the filter that checks tokens puts their claims: under its own name, and the key that Istio gives it.
_TOKENS = "envoy.filters.http.jwt_authn"
_CLAIMS = "payload"


def build_route_match(match: RouteMatch) -> route_parts_v3.RouteMatch:
    """All conditions of one route; without a condition on the path, every path."""
    result = _path(match.path)
    result.headers.extend(_header(header) for header in match.headers)
    result.query_parameters.extend(_query(query) for query in match.queries)
    result.dynamic_metadata.extend(_claim(claim) for claim in match.claims)
    return result


def _path(path: PathMatch | None) -> route_parts_v3.RouteMatch:
    if path is None or path.text.kind is MatchKind.PRESENT:
        return route_parts_v3.RouteMatch(prefix="/")
    value = path.text.value
    if path.text.kind is MatchKind.REGEX:
        # Envoy refuses `case_sensitive: false` beside a regular expression.
        return route_parts_v3.RouteMatch(safe_regex=_regex(f"(?i){value}" if path.ignore_case else value))
    result = (
        route_parts_v3.RouteMatch(path=value)
        if path.text.kind is MatchKind.EXACT
        else route_parts_v3.RouteMatch(prefix=value)
    )
    if path.ignore_case:
        result.case_sensitive.CopyFrom(BoolValue(value=False))
    return result


def _header(header: HeaderMatch) -> route_parts_v3.HeaderMatcher:
    if header.text.kind is MatchKind.PRESENT:
        return route_parts_v3.HeaderMatcher(
            name=header.name, present_match=True, invert_match=header.is_inverted
        )
    return route_parts_v3.HeaderMatcher(
        name=header.name,
        string_match=build_text_match(header.text),
        invert_match=header.is_inverted,
        # "Not this value" holds for a request without the header; Envoy would say no to both.
        treat_missing_header_as_empty=header.is_inverted,
    )


def _query(query: QueryMatch) -> route_parts_v3.QueryParameterMatcher:
    if query.text.kind is MatchKind.PRESENT:
        return route_parts_v3.QueryParameterMatcher(name=query.name, present_match=True)
    return route_parts_v3.QueryParameterMatcher(name=query.name, string_match=build_text_match(query.text))


def _claim(claim: ClaimMatch) -> metadata_v3.MetadataMatcher:
    """Envoy says no for a claim that is missing, so the opposite of a condition holds without a token."""
    return metadata_v3.MetadataMatcher(
        filter=_TOKENS,
        path=[metadata_v3.MetadataMatcher.PathSegment(key=key) for key in (_CLAIMS, *claim.path)],
        value=_claimed(claim.text),
        invert=claim.is_inverted,
    )


def _claimed(text: TextMatch) -> value_v3.ValueMatcher:
    """A claim that is such a text, or a list with one among its items; any claim, for presence."""
    if text.kind is MatchKind.PRESENT:
        return value_v3.ValueMatcher(present_match=True)
    one = value_v3.ValueMatcher(string_match=build_text_match(text))
    listed = value_v3.ValueMatcher(list_match=value_v3.ListMatcher(one_of=one))
    return value_v3.ValueMatcher(or_match=value_v3.OrMatcher(value_matchers=[listed, one]))


def build_text_match(text: TextMatch) -> string_v3.StringMatcher:
    """A condition on a text that is there."""
    if text.kind is MatchKind.EXACT:
        return string_v3.StringMatcher(exact=text.value)
    if text.kind is MatchKind.PREFIX:
        return string_v3.StringMatcher(prefix=text.value)
    return string_v3.StringMatcher(safe_regex=_regex(text.value))


def _regex(pattern: str) -> regex_v3.RegexMatcher:
    return regex_v3.RegexMatcher(regex=pattern)
