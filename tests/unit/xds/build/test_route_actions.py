"""Facts about what routes do to requests, as Envoy gets them."""

from typing import Any

import pytest
from envoy.config.route.v3 import route_components_pb2 as route_parts_v3
from envoy.extensions.filters.http.cors.v3 import cors_pb2 as cors_v3
from envoy.extensions.filters.http.fault.v3 import fault_pb2 as fault_v3
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_v3
from google.protobuf.json_format import MessageToDict
from msgspec.structs import replace
from tests.kit.parts import RETRIES, key, rule

from convoy.mesh.model import (
    MILLION,
    Abort,
    CorsPolicy,
    Delay,
    DirectResponse,
    Fault,
    HeaderEdits,
    HeaderOperations,
    MatchKind,
    Mirror,
    Redirect,
    RegexRewrite,
    Rewrite,
    RouteRule,
    TextMatch,
    WeightedUpstream,
)
from convoy.xds.build.cors import CORS
from convoy.xds.build.faults import FAULT
from convoy.xds.build.http_connection_manager import HttpRole, build_http_filter
from convoy.xds.build.retries import build_retry_policy
from convoy.xds.build.route_actions import build_route

PLAIN = rule(key("a"))
NOWHERE = replace(PLAIN, destinations=())
SET = HeaderOperations(set=(("x", "1"),))


def built(part: RouteRule = PLAIN, **fields: Any) -> route_parts_v3.Route:
    return build_route(replace(part, **fields))


def shown(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return found


@pytest.mark.parametrize(
    ("redirect", "wanted"),
    [
        (Redirect(301, "/b"), {"path_redirect": "/b"}),
        (Redirect(302, prefix="/b"), {"response_code": "FOUND", "prefix_rewrite": "/b"}),
        (Redirect(303), {"response_code": "SEE_OTHER"}),
        (Redirect(307, scheme="https"), {"response_code": "TEMPORARY_REDIRECT", "scheme_redirect": "https"}),
        (
            Redirect(308, authority="b", port=8443),
            {"response_code": "PERMANENT_REDIRECT", "host_redirect": "b", "port_redirect": 8443},
        ),
        (
            Redirect(301, regex=RegexRewrite("a", "b")),
            {"regex_rewrite": {"pattern": {"regex": "a"}, "substitution": "b"}},
        ),
    ],
)
def test_redirects(redirect: Redirect, wanted: dict[str, Any]) -> None:
    assert shown(built(NOWHERE, redirect=redirect).redirect) == wanted


def test_a_direct_response_has_its_bytes() -> None:
    answer = built(NOWHERE, answer=DirectResponse(418, b"\x00\xff")).direct_response
    assert (answer.status, answer.body.inline_bytes) == (418, b"\x00\xff")


def test_a_path_is_replaced_or_edited() -> None:
    assert built(rewrite=Rewrite("/b")).route.prefix_rewrite == "/b"
    edited = built(rewrite=Rewrite(regex=RegexRewrite("a", "b"))).route.regex_rewrite
    assert (edited.pattern.regex, edited.substitution) == ("a", "b")


def test_the_edits_of_a_lone_destination_follow_the_rules() -> None:
    lone = (WeightedUpstream(key("a"), 100, HeaderEdits(request=HeaderOperations(add=(("x", "2"),)))),)
    added = built(destinations=lone, edits=HeaderEdits(request=SET)).request_headers_to_add
    assert [(one.header.value, one.append_action) for one in added] == [("1", 2), ("2", 0)]


def test_a_rules_host_counts_before_that_of_its_destination() -> None:
    named = HeaderEdits(authority="destination")
    lone = (WeightedUpstream(key("a"), 100, named),)
    assert built(destinations=lone).route.host_rewrite_literal == "destination"
    both = built(destinations=lone, edits=HeaderEdits(authority="rule"))
    assert both.route.host_rewrite_literal == "rule"
    several = built(destinations=(*lone, WeightedUpstream(key("b"), 1)))
    assert several.route.weighted_clusters.clusters[0].host_rewrite_literal == "destination"


def test_answers_are_edited_like_others() -> None:
    edits = HeaderEdits(response=SET)
    assert built(NOWHERE, answer=DirectResponse(200), edits=edits).response_headers_to_add


def test_copies_are_shares_of_a_million() -> None:
    (policy,) = built(mirrors=(Mirror(key("b"), 125_000),)).route.request_mirror_policies
    assert shown(policy) == {
        "cluster": "outbound|9080||b.default.svc.cluster.local",
        "runtime_fraction": {"default_value": {"numerator": 125000, "denominator": "MILLION"}},
        "trace_sampled": False,
    }


def test_a_fault_is_told_to_its_filter() -> None:
    fault = fault_v3.HTTPFault()
    given = Fault(Delay(1500, MILLION), Abort(10_000, grpc_status=14))
    assert built(fault=given).typed_per_filter_config[FAULT].Unpack(fault)
    assert shown(fault) == {
        "delay": {"fixed_delay": "1.500s", "percentage": {"numerator": 1000000, "denominator": "MILLION"}},
        "abort": {"grpc_status": 14, "percentage": {"numerator": 10000, "denominator": "MILLION"}},
    }


def test_a_cors_policy_is_told_to_its_filter() -> None:
    policy = cors_v3.CorsPolicy()
    origins = (TextMatch(MatchKind.EXACT, "https://a"),)
    given = CorsPolicy(origins, ("GET", "PUT"), ("a", "b"), ("c",), 90, True, False)
    assert built(cors=given).typed_per_filter_config[CORS].Unpack(policy)
    assert shown(policy) == {
        "allow_origin_string_match": [{"exact": "https://a"}],
        "allow_methods": "GET,PUT",
        "allow_headers": "a,b",
        "expose_headers": "c",
        "max_age": "90",
        "allow_credentials": True,
        "filter_enabled": {"default_value": {"numerator": 1000000, "denominator": "MILLION"}},
        "forward_not_matching_preflights": False,
    }


def test_a_rule_that_says_nothing_configures_no_filter() -> None:
    assert not built().typed_per_filter_config


@pytest.mark.parametrize(
    ("role", "has_them"), [(HttpRole.OUTBOUND, True), (HttpRole.GATEWAY, True), (HttpRole.INBOUND, False)]
)
def test_the_filters_are_there_wherever_users_write_routes(role: HttpRole, has_them: bool) -> None:
    manager = hcm_v3.HttpConnectionManager()
    assert build_http_filter(role, "x", routes="x").typed_config.Unpack(manager)
    names = [one.name for one in manager.http_filters]
    assert (names[:-1] == [FAULT, CORS]) is has_them
    assert names[-1] == "envoy.filters.http.router"


@pytest.mark.parametrize(
    ("wish", "is_hashed", "avoids"),
    [
        (None, False, True),
        (None, True, False),
        (True, True, True),
        (False, False, False),
    ],
)
def test_hosts_that_failed_are_avoided_unless_a_hash_wants_them(
    wish: bool | None, is_hashed: bool, avoids: bool
) -> None:
    policy = build_retry_policy(replace(RETRIES, avoids_tried_hosts=wish), is_hashed=is_hashed)
    assert policy is not None
    assert bool(policy.retry_host_predicate) is avoids


def test_retries_wait_and_leave_their_locality_if_they_are_told_to() -> None:
    policy = build_retry_policy(replace(RETRIES, backoff_ms=40, leaves_locality=True))
    assert policy is not None
    assert policy.retry_back_off.base_interval.ToMilliseconds() == 40
    assert policy.retry_priority.name == "envoy.retry_priorities.previous_priorities"


def test_statistics_of_a_route_are_asked_for_by_their_prefix() -> None:
    assert built(stat_prefix="own").stat_prefix == "own"
