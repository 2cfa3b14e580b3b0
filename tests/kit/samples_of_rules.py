"""Rules that between them do everything that an HTTP rule can do."""

from collections.abc import Iterator

from msgspec.structs import replace
from tests.kit.parts import key, rule

from convoy.mesh.model import (
    MILLION,
    Abort,
    ClaimMatch,
    CorsPolicy,
    Delay,
    DirectResponse,
    Fault,
    HeaderEdits,
    HeaderMatch,
    HeaderOperations,
    MatchKind,
    Mirror,
    PathMatch,
    QueryMatch,
    Redirect,
    RegexRewrite,
    RetryPolicy,
    Rewrite,
    RouteMatch,
    RouteRule,
    TextMatch,
    WeightedUpstream,
)

V1, V2 = key("reviews", subset="v1"), key("reviews", subset="v2")

MATCH = RouteMatch(
    path=PathMatch(TextMatch(MatchKind.REGEX, "/reviews/[0-9]+"), ignore_case=True),
    headers=(
        HeaderMatch("end-user", TextMatch(MatchKind.EXACT, "jason")),
        HeaderMatch("x-debug", TextMatch(MatchKind.PRESENT), is_inverted=True),
        HeaderMatch(":method", TextMatch(MatchKind.REGEX, "GET|HEAD"), is_inverted=True),
    ),
    queries=(
        QueryMatch("v", TextMatch(MatchKind.PREFIX, "2")),
        QueryMatch("x", TextMatch(MatchKind.PRESENT)),
    ),
    claims=(
        ClaimMatch(("group", "example.com/id"), TextMatch(MatchKind.REGEX, "a|b"), is_inverted=True),
        ClaimMatch(("sub",), TextMatch(MatchKind.PRESENT)),
    ),
)
EDITS = HeaderEdits(
    request=HeaderOperations(set=(("x-a", "%REQ(:PATH)%"),), add=(("x-b", "1"),), remove=("x-c",)),
    response=HeaderOperations(set=(("x-a", "100%%"),), add=(("x-b", "1"),), remove=("x-c",)),
    authority="b.example.com",
)
RETRIES = RetryPolicy(3, ("5xx",), (429,), 250, 10, avoids_tried_hosts=False, leaves_locality=True)


def actions() -> Iterator[RouteRule]:
    """A rule for everything that a rule can do."""
    plain = rule(V1, match=MATCH)
    path, captured = RouteMatch(PathMatch(TextMatch(MatchKind.PREFIX, "/a"))), RegexRewrite("/a(.)", r"/b\1")
    yield replace(plain, edits=EDITS, stat_prefix="own", rewrite=Rewrite("/b"), retries=RETRIES)
    yield replace(plain, match=path, rewrite=Rewrite(regex=captured))
    yield replace(plain, destinations=(WeightedUpstream(V1, 1, EDITS), WeightedUpstream(V2, 2)), edits=EDITS)
    yield replace(plain, mirrors=(Mirror(V2, 1), Mirror(key("nobody"), MILLION)))
    yield replace(plain, fault=Fault(Delay(1500, 125_000), Abort(MILLION, http_status=418)))
    yield replace(plain, fault=Fault(abort=Abort(1, grpc_status=14)))
    origins = (TextMatch(MatchKind.EXACT, "*"), TextMatch(MatchKind.REGEX, "https://[a-z]+"))
    yield replace(plain, cors=CorsPolicy(origins, ("GET",), ("x-a", "x-b"), ("x-c",), 60, True, False))
    yield replace(plain, cors=CorsPolicy())
    nowhere = replace(plain, destinations=(), edits=EDITS)
    yield replace(nowhere, answer=DirectResponse(418, bytes(range(256))))
    for code in (301, 302, 303, 307, 308):
        yield replace(nowhere, redirect=Redirect(code, "/b", authority="b.example.com", port=8443))
    yield replace(nowhere, match=path, redirect=Redirect(301, prefix="/b", scheme="https"))
    yield replace(nowhere, redirect=Redirect(301, regex=captured))
