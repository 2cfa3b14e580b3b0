"""Facts about routes as Envoy gets them."""

import pytest
from envoy.config.route.v3 import route_components_pb2 as route_parts_v3
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.parts import RETRIES, host, key, routes, rule

from convoy.mesh.model import (
    Fallback,
    HeaderMatch,
    HostRoutes,
    MatchKind,
    PathMatch,
    RouteMatch,
    RouteRule,
    RuleRef,
    TextMatch,
)
from convoy.xds.build.routes import build_route_configuration

HOSTS = [host(name) for name in ("details", "ratings", "reviews", "reviews.default.global")]


def route_of(part: RouteRule) -> route_parts_v3.Route:
    return build_route_configuration("9080", routes(host("reviews", part))).virtual_hosts[0].routes[0]


def test_requests_are_shared_by_weight() -> None:
    shares = route_of(rule((key("a"), 80), (key("b"), 20))).route.weighted_clusters.clusters
    assert [(share.name.rpartition("|")[2].split(".")[0], share.weight.value) for share in shares] == [
        ("a", 80),
        ("b", 20),
    ]


def test_no_destination_is_answered_503() -> None:
    assert route_of(rule()).direct_response.status == 503


def test_a_route_names_the_rule_it_comes_from() -> None:
    named = route_of(rule(key("a"), origin=RuleRef("VirtualService", "default", "reviews", "http[0]")))
    assert dict(named.metadata.filter_metadata["convoy"].items()) == {
        "kind": "VirtualService",
        "namespace": "default",
        "name": "reviews",
        "rule": "http[0]",
    }


def test_a_timeout_also_bounds_what_a_grpc_client_may_ask_for() -> None:
    action = route_of(rule(key("a"), timeout_ms=1500)).route
    assert action.timeout.ToMilliseconds() == 1500
    assert action.max_grpc_timeout.ToMilliseconds() == 1500


def test_retries_avoid_hosts_that_failed() -> None:
    policy = route_of(rule(key("a"), retries=RETRIES)).route.retry_policy
    assert policy.num_retries.value == 2
    assert policy.retry_on == "connect-failure,refused-stream,retriable-status-codes"
    assert policy.retry_host_predicate[0].name == "envoy.retry_host_predicates.previous_hosts"


def test_no_attempts_are_no_retry_policy() -> None:
    assert not route_of(rule(key("a"))).route.HasField("retry_policy")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (None, {"prefix": "/"}),
        (PathMatch(TextMatch(MatchKind.EXACT, "/a")), {"path": "/a"}),
        (PathMatch(TextMatch(MatchKind.PREFIX, "/a")), {"prefix": "/a"}),
        (PathMatch(TextMatch(MatchKind.REGEX, "/a+")), {"safe_regex": {"regex": "/a+"}}),
        (PathMatch(TextMatch(MatchKind.REGEX, "/a"), ignore_case=True), {"safe_regex": {"regex": "(?i)/a"}}),
        (
            PathMatch(TextMatch(MatchKind.EXACT, "/a"), ignore_case=True),
            {"path": "/a", "case_sensitive": {"value": False}},
        ),
    ],
)
def test_paths_are_matched_as_written(path: PathMatch | None, expected: dict[str, object]) -> None:
    assert route_of(rule(key("a"), match=RouteMatch(path=path))).match == route_parts_v3.RouteMatch(
        **expected
    )  # type: ignore[arg-type]


def test_a_missing_header_counts_as_not_having_the_value() -> None:
    unlike = HeaderMatch("end-user", TextMatch(MatchKind.EXACT, "jason"), is_inverted=True)
    header = route_of(rule(key("a"), match=RouteMatch(headers=(unlike,)))).match.headers[0]
    assert header.invert_match
    assert header.treat_missing_header_as_empty


@pytest.mark.parametrize(
    ("fallback", "name"),
    [
        (Fallback.PASSTHROUGH, "allow_any"),
        (Fallback.BLOCK, "block_all"),
        (Fallback.NOT_FOUND, "blackhole:9080"),
    ],
)
def test_unknown_hosts_meet_the_fallback(fallback: Fallback, name: str) -> None:
    last = build_route_configuration("9080", routes(fallback=fallback)).virtual_hosts[-1]
    assert (last.name, list(last.domains)) == (name, ["*"])


def test_a_host_that_takes_every_request_needs_no_fallback() -> None:
    built = build_route_configuration("http.8080", routes(host("web", domains=["*"])))
    assert [each.name for each in built.virtual_hosts] == ["web.default.svc.cluster.local:9080"]


@given(st.permutations(HOSTS))
def test_any_order_of_hosts_gives_the_same_bytes(order: list[HostRoutes]) -> None:
    expected = build_route_configuration("9080", routes(*HOSTS)).SerializeToString(deterministic=True)
    assert build_route_configuration("9080", routes(*order)).SerializeToString(deterministic=True) == expected
