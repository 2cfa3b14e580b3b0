"""What HTTP rules do beside choosing a destination."""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.mesh.objects import (
    SETTINGS,
    gateway,
    gateway_pod,
    http_server,
    pod,
    resolve,
    routes,
    service,
    sidecars,
    to,
)
from tests.unit.mesh.objects import virtual_service as vs

from convoy.api.istio.virtual_service import HttpRetry
from convoy.api.meta import Hostname
from convoy.mesh.model import (
    MILLION,
    NO_EDITS,
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
    UpstreamKey,
)
from convoy.mesh.retries import build_retries

HOST = "reviews.default.svc.cluster.local"
OBJECTS = (service("reviews", 9080), pod("caller", "198.18.1.200"))
REGEX = [{"uri": {"regex": "/a/([0-9]+)"}}]
PREFIX = [{"uri": {"prefix": "/a"}}]

Object = dict[str, Any]


def rule(written: Object) -> RouteRule:
    return routes(resolve(*OBJECTS, vs("r", "reviews", written)), HOST).rules[0]


def routed(**fields: Any) -> RouteRule:
    return rule(to("reviews", **fields))


class TestRedirects:
    def redirect(self, match: list[Object] | None = None, *, listener: int = 9080, **fields: Any) -> Redirect:
        made = vs("r", "reviews", {"redirect": fields, **({"match": match} if match else {})})
        found = routes(resolve(service("reviews", listener), OBJECTS[1], made), HOST, listener).rules[0]
        assert found.destinations == ()
        assert found.redirect is not None
        return found.redirect

    def test_what_is_not_said_stays(self) -> None:
        assert self.redirect(uri="/new") == Redirect(301, path="/new")

    def test_code_scheme_and_authority(self) -> None:
        found = self.redirect(redirectCode=308, scheme="https", authority="a.example.com")
        assert found == Redirect(308, authority="a.example.com", scheme="https")

    def test_prefix(self) -> None:
        assert self.redirect(PREFIX, prefixRewrite="/b") == Redirect(301, prefix="/b")

    def test_path_of_what_a_regular_expression_found(self) -> None:
        assert self.redirect(REGEX, uri=r"/b/\1") == Redirect(
            301, regex=RegexRewrite("^(?:/a/([0-9]+))$", r"/b/\1")
        )
        assert self.redirect(REGEX, uri="/b") == Redirect(301, path="/b")

    @pytest.mark.parametrize(
        ("listener", "fields", "wanted"),
        [
            (9080, {"port": 8443}, 8443),
            (9080, {"port": 80}, 80),
            (80, {"port": 80}, 0),
            (80, {"port": 443, "scheme": "https"}, 0),
            (9080, {"port": 443, "scheme": "https"}, 443),
            (9080, {"port": 443, "scheme": "https", "authority": "a.example.com"}, 0),
            (80, {"derivePort": "FROM_REQUEST_PORT", "uri": "/"}, 0),
            (9080, {"derivePort": "FROM_REQUEST_PORT", "uri": "/"}, 9080),
            (80, {"derivePort": "FROM_PROTOCOL_DEFAULT", "uri": "/"}, 0),
            (9080, {"derivePort": "FROM_PROTOCOL_DEFAULT", "scheme": "https"}, 443),
        ],
    )
    def test_default_port_is_left_out_where_the_host_has_none(
        self, listener: int, fields: Object, wanted: int
    ) -> None:
        assert self.redirect(listener=listener, **fields).port == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({}, b""),
        ({"body": {"string": "sorry ä"}}, "sorry ä".encode()),
        ({"body": {"bytes": "AP8="}}, b"\x00\xff"),
    ],
)
def test_direct_response(body: Object, wanted: bytes) -> None:
    found = rule({"directResponse": {"status": 503, **body}})
    assert (found.answer, found.destinations) == (DirectResponse(503, wanted), ())


@pytest.mark.parametrize(
    ("match", "written", "wanted"),
    [
        (PREFIX, {"uri": "/b"}, Rewrite("/b")),
        (REGEX, {"uri": "/b"}, Rewrite("/b")),
        (REGEX, {"uri": r"/b/\1"}, Rewrite(regex=RegexRewrite("^(?:/a/([0-9]+))$", r"/b/\1"))),
        (PREFIX, {"uri": r"/b/\1"}, Rewrite(r"/b/\1")),
        (REGEX, {"uri": r"/b/\2"}, Rewrite(r"/b/\2")),
        (REGEX, {"uri": r"/b\d/\1"}, Rewrite(r"/b\d/\1")),
        (
            PREFIX,
            {"uriRegexRewrite": {"match": "a(.)", "rewrite": r"\1"}},
            Rewrite(regex=RegexRewrite("a(.)", r"\1")),
        ),
        (PREFIX, {"authority": "b.example.com"}, None),
    ],
)
def test_rewrites(match: list[Object], written: Object, wanted: Rewrite | None) -> None:
    assert routed(match=match, rewrite=written).rewrite == wanted


class TestHeaders:
    def test_both_ways_in_settled_order(self) -> None:
        found = routed(
            headers={
                "request": {"set": {"X-B": "2", "X-A": "1"}, "remove": ["X-D", "X-C"]},
                "response": {"add": {"X-E": "3"}},
            }
        )
        assert found.edits == HeaderEdits(
            request=HeaderOperations(set=(("x-a", "1"), ("x-b", "2")), remove=("x-c", "x-d")),
            response=HeaderOperations(add=(("x-e", "3"),)),
        )

    @pytest.mark.parametrize("verb", ["set", "add"])
    @pytest.mark.parametrize("name", [":authority", "Host"])
    def test_the_host_is_no_header(self, verb: str, name: str) -> None:
        found = routed(headers={"request": {verb: {name: "a.example.com"}}})
        assert found.edits == HeaderEdits(authority="a.example.com")

    def test_rewrite_names_the_host(self) -> None:
        assert routed(rewrite={"authority": "a.example.com"}).edits == HeaderEdits(authority="a.example.com")

    def test_destinations_have_their_own(self) -> None:
        written = to(("reviews", "a", 1), ("reviews", "b", 1))
        written["route"][0]["headers"] = {"request": {"set": {"x": "1"}}}
        first, second = rule(written).destinations

        assert first.edits == HeaderEdits(request=HeaderOperations(set=(("x", "1"),)))
        assert second.edits is NO_EDITS


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ({"delay": {"fixedDelay": "1.5s"}}, Fault(Delay(1500, MILLION))),
        ({"delay": {"fixedDelay": "1s", "percentage": {"value": 0.0001}}}, Fault(Delay(1000, 1))),
        ({"delay": {"fixedDelay": "1s", "percent": 30}}, Fault(Delay(1000, 300_000))),
        ({"delay": {"fixedDelay": "1s", "percentage": {}}}, None),
        ({"abort": {"httpStatus": 503}}, Fault(abort=Abort(MILLION, http_status=503))),
        (
            {"abort": {"grpcStatus": "UNAVAILABLE", "percentage": {"value": 12.5}}},
            Fault(abort=Abort(125_000, grpc_status=14)),
        ),
        (
            {"delay": {"fixedDelay": "1s"}, "abort": {"httpStatus": 400, "percentage": {"value": 29}}},
            Fault(Delay(1000, MILLION), Abort(290_000, http_status=400)),
        ),
    ],
)
def test_faults(written: Object, wanted: Fault | None) -> None:
    assert routed(fault=written).fault == wanted


class TestMirrors:
    COPY = {"host": "copy", "port": {"number": 8000}}
    KEY = UpstreamKey(Hostname("copy.default.svc.cluster.local"), 8000)

    @pytest.mark.parametrize(
        ("share", "wanted"),
        [
            ({}, MILLION),
            ({"mirrorPercentage": {"value": 0.5}}, 5_000),
            ({"mirrorPercent": 7}, 70_000),
            ({"mirror_percent": 8}, 80_000),
            ({"mirrorPercentage": {"value": 1}, "mirrorPercent": 7}, 10_000),
        ],
    )
    def test_share_of_a_lone_mirror(self, share: Object, wanted: int) -> None:
        assert routed(mirror=self.COPY, **share).mirrors == (Mirror(self.KEY, wanted),)

    @pytest.mark.parametrize("share", [{"mirrorPercentage": {"value": 0}}, {"mirrorPercent": 0}])
    def test_share_of_nothing_is_no_mirror(self, share: Object) -> None:
        assert routed(mirror=self.COPY, **share).mirrors == ()

    def test_several(self) -> None:
        found = routed(
            mirrors=[
                {"destination": {"host": "reviews", "subset": "v2"}, "percentage": {"value": 10}},
                {"destination": self.COPY},
            ]
        )
        assert found.mirrors == (
            Mirror(UpstreamKey(Hostname(HOST), 9080, "v2"), 100_000),
            Mirror(self.KEY, MILLION),
        )


class TestCors:
    def test_all_of_it(self) -> None:
        found = routed(
            corsPolicy={
                "allowOrigins": [{"exact": "https://a"}, {"prefix": "https://b"}],
                "allowMethods": ["POST", "GET"],
                "allowHeaders": ["X-B", "X-A"],
                "exposeHeaders": ["X-C"],
                "maxAge": "2m",
                "allowCredentials": False,
                "unmatchedPreflights": "IGNORE",
            }
        )
        assert found.cors == CorsPolicy(
            origins=(TextMatch(MatchKind.EXACT, "https://a"), TextMatch(MatchKind.PREFIX, "https://b")),
            methods=("POST", "GET"),
            headers=("X-B", "X-A"),
            exposed_headers=("X-C",),
            max_age_s=120,
            allows_credentials=False,
            forwards_unmatched_preflights=False,
        )

    def test_older_spelling_of_origins(self) -> None:
        found = routed(corsPolicy={"allowOrigin": ["https://a"]})
        assert found.cors == CorsPolicy(origins=(TextMatch(MatchKind.EXACT, "https://a"),))


def test_statistics_of_a_match() -> None:
    assert routed(match=[{"uri": {"prefix": "/a"}, "statPrefix": "a"}]).stat_prefix == "a"


@pytest.mark.parametrize(("written", "wanted"), [(True, True), (False, False), (None, None)])
def test_retries_in_detail(written: bool | None, wanted: bool | None) -> None:
    found = build_retries(
        HttpRetry(
            attempts=1, backoff="20ms", retry_remote_localities=True, retry_ignore_previous_hosts=written
        )
    )
    assert (found.backoff_ms, found.leaves_locality, found.avoids_tried_hosts) == (20, True, wanted)


def test_mesh_has_a_retry_policy_of_its_own() -> None:
    settings = replace(SETTINGS, default_http_retry=HttpRetry(attempts=7, retry_on="reset"))
    snapshot = resolve(*OBJECTS, service("other", 8000), vs("r", "other", to("other")), settings=settings)
    for host, port in ((HOST, 9080), ("other.default.svc.cluster.local", 8000)):
        retries = routes(snapshot, host, port).rules[0].retries
        assert (retries.attempts, retries.retry_on) == (7, ("reset",))


def test_a_mirror_alone_brings_its_cluster_to_a_gateway() -> None:
    made = vs(
        "r",
        "a.example.com",
        to("reviews", mirror={"host": "copy"}),
        gateways=["istio-system/web"],
    )
    snapshot = resolve(*OBJECTS, service("copy", 8000), gateway_pod(), gateway("web", http_server("*")), made)
    (view,) = snapshot.gateway_views.values()
    assert [one.key.hostname.partition(".")[0] for one in view.upstreams] == ["copy", "reviews"]


def test_a_rule_says_the_same_to_every_caller() -> None:
    made = vs("r", "reviews", to("reviews", headers={"request": {"set": {"x": "1"}}}))
    snapshot = resolve(*OBJECTS, pod("web", "198.18.1.201", namespace="web"), made)
    ours, theirs = (routes(snapshot, HOST, namespace=namespace).rules for namespace in ("default", "web"))
    assert ours is theirs
    assert sidecars(snapshot).key.labels == ()
