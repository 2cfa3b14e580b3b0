"""HTTP rules in sidecars: which requests, which hosts, which callers."""

from typing import Any

import msgspec
import pytest
from tests.unit.mesh.objects import (
    SETTINGS,
    entry,
    pod,
    problems,
    remote,
    resolve,
    routes,
    service,
    shares,
    sidecars,
    to,
)
from tests.unit.mesh.objects import virtual_service as vs

from convoy.api.istio.virtual_service import HttpMatchRequest
from convoy.mesh.http_matches import build_match
from convoy.mesh.model import (
    ClaimMatch,
    Fallback,
    HeaderMatch,
    HostRoutes,
    MatchKind,
    MeshSettings,
    PathMatch,
    QueryMatch,
    RetryPolicy,
    RouteMatch,
    RouteRule,
    TextMatch,
)

HOST = "reviews.default.svc.cluster.local"
CALLER = pod("caller", "198.18.1.200", labels={"version": "v1"})
REVIEWS = service("reviews", 9080)

Objects = dict[str, Any]


def rules(*http: Objects, **more: Any) -> tuple[RouteRule, ...]:
    return routes(resolve(REVIEWS, CALLER, vs("r", "reviews", *http, **more)), HOST).rules


def matched(match: Objects) -> RouteMatch:
    return rules(to("reviews", match=[match]), to("other"))[0].match


def text(kind: MatchKind, value: str = "") -> TextMatch:
    return TextMatch(kind, value)


@pytest.mark.parametrize(
    ("match", "wanted"),
    [
        ({"uri": {"exact": "/a"}}, RouteMatch(PathMatch(text(MatchKind.EXACT, "/a")))),
        ({"uri": {"prefix": "/a"}}, RouteMatch(PathMatch(text(MatchKind.PREFIX, "/a")))),
        ({"uri": {"regex": "/a.*"}}, RouteMatch(PathMatch(text(MatchKind.REGEX, "/a.*")))),
        (
            {"uri": {"exact": "/A"}, "ignoreUriCase": True},
            RouteMatch(PathMatch(text(MatchKind.EXACT, "/A"), ignore_case=True)),
        ),
        (
            {"method": {"exact": "GET"}},
            RouteMatch(headers=(HeaderMatch(":method", text(MatchKind.EXACT, "GET")),)),
        ),
        (
            {"authority": {"prefix": "a"}, "scheme": {"exact": "http"}},
            RouteMatch(
                headers=(
                    HeaderMatch(":scheme", text(MatchKind.EXACT, "http")),
                    HeaderMatch(":authority", text(MatchKind.PREFIX, "a")),
                )
            ),
        ),
        (
            {"headers": {"X-B": {"exact": "1"}, "x-a": {}}},
            RouteMatch(
                headers=(
                    HeaderMatch("x-b", text(MatchKind.EXACT, "1")),
                    HeaderMatch("x-a", text(MatchKind.PRESENT)),
                )
            ),
        ),
        (
            {"withoutHeaders": {"x-a": {"regex": "1|2"}}},
            RouteMatch(headers=(HeaderMatch("x-a", text(MatchKind.REGEX, "1|2"), is_inverted=True),)),
        ),
        (
            {"queryParams": {"q": {"exact": "1"}}},
            RouteMatch(queries=(QueryMatch("q", text(MatchKind.EXACT, "1")),)),
        ),
    ],
)
def test_conditions(match: Objects, wanted: RouteMatch) -> None:
    assert matched(match) == wanted


@pytest.mark.parametrize(
    ("match", "wanted"),
    [
        (
            {"headers": {"@Request.auth.claims.a.B": {"exact": "1"}, "@request.auth.claims[a.B]": {}}},
            RouteMatch(
                claims=(
                    ClaimMatch(("a", "B"), text(MatchKind.EXACT, "1")),
                    ClaimMatch(("a.B",), text(MatchKind.PRESENT)),
                )
            ),
        ),
        (
            {"withoutHeaders": {"@request.auth.claims.a": {"prefix": "1"}, "x-a": {}}},
            RouteMatch(
                headers=(HeaderMatch("x-a", text(MatchKind.PRESENT), is_inverted=True),),
                claims=(ClaimMatch(("a",), text(MatchKind.PREFIX, "1"), is_inverted=True),),
            ),
        ),
    ],
)
def test_conditions_on_claims_are_told_from_those_on_headers(match: Objects, wanted: RouteMatch) -> None:
    assert build_match(msgspec.convert(match, HttpMatchRequest)) == wanted


@pytest.mark.parametrize("last", [{}, {"match": [{"uri": {"prefix": "/"}}]}, {"match": [{"port": 9080}]}])
def test_rule_for_everything_ends_the_list(last: Objects) -> None:
    found = rules(to(("reviews", "a")) | last, to(("reviews", "b")))

    assert [shares(rule) for rule in found] == [{(HOST, "a"): 100}]


def test_every_match_is_a_rule_of_its_own_and_names_its_origin() -> None:
    first = to("reviews", name="old", match=[{"uri": {"exact": "/a"}, "name": "a"}, {"uri": {"exact": "/b"}}])
    found = rules(first, to("reviews"))

    assert [(rule.name, rule.origin and rule.origin.rule) for rule in found] == [
        ("old.a", "old.match[0]"),
        ("old", "old.match[1]"),
        ("default", "http[1]"),
    ]


@pytest.mark.parametrize(
    ("match", "applies"),
    [
        ({"port": 9080}, True),
        ({"port": 9081}, False),
        ({"sourceLabels": {"version": "v1"}}, True),
        ({"sourceLabels": {"version": "v2"}}, False),
        ({"sourceNamespace": "default"}, True),
        ({"sourceNamespace": "web"}, False),
        ({"gateways": ["mesh"]}, True),
        ({"gateways": ["some-gateway"]}, False),
    ],
)
def test_rules_are_there_for_some_callers_only(match: Objects, applies: bool) -> None:
    http = to(("reviews", "chosen"), match=[match | {"uri": {"exact": "/a"}}])
    found = rules(http, to("reviews"), gateways=["mesh", "some-gateway"])

    assert (found[0].destinations[0].key.subset == "chosen") is applies


def test_service_keeps_its_own_route_when_no_rule_applies() -> None:
    (only,) = rules(to(("reviews", "a"), match=[{"port": 9999}]))

    assert (shares(only), only.origin, only.name) == ({(HOST, ""): 100}, None, "default")


def test_weights() -> None:
    (found,) = rules(to(("reviews", "a", 30), ("reviews", "b", 70), ("reviews", "c", 0)))
    assert shares(found) == {(HOST, "a"): 30, (HOST, "b"): 70}


def test_timeout_and_retries() -> None:
    default, own, off, coded = (
        rules(to("reviews", **more))[0]
        for more in (
            {},
            {"timeout": "1.5s", "retries": {"attempts": 4, "perTryTimeout": "250ms", "retryOn": "5xx,reset"}},
            {"retries": {"attempts": 0}},
            {"retries": {"attempts": 1, "retryOn": "gateway-error,429"}},
        )
    )

    assert default.timeout_ms == 0
    assert default.retries == RetryPolicy(
        2,
        ("connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes"),
        (),
    )
    assert own.timeout_ms == 1500
    assert own.retries == RetryPolicy(4, ("5xx", "reset"), (), 250)
    assert off.retries.attempts == 0
    assert coded.retries == RetryPolicy(1, ("gateway-error", "retriable-status-codes"), (429,))


def test_port_of_a_destination() -> None:
    other = service("other", 8000)
    several = service("several", 7000, 7001)
    made = vs("r", "reviews", to("other", match=[{"uri": {"exact": "/a"}}]), to("several"))
    first, second = routes(resolve(REVIEWS, CALLER, other, several, made), HOST).rules

    assert first.destinations[0].key.port == 8000
    assert second.destinations[0].key.port == 9080


def test_unknown_destination_is_still_named() -> None:
    (found,) = rules(to("nowhere"))
    assert found.destinations[0].key.hostname == "nowhere.default.svc.cluster.local"


def test_oldest_virtual_service_counts() -> None:
    young = vs("a-young", "reviews", to(("reviews", "young")), age=1)
    old = vs("b-old", "reviews", to(("reviews", "old")), age=2)
    (found,) = routes(resolve(REVIEWS, CALLER, young, old), HOST).rules

    assert shares(found) == {(HOST, "old"): 100}


def test_exact_host_beats_a_wildcard() -> None:
    wide = vs("a-wide", "*.svc.cluster.local", to(("reviews", "wide")), age=2)
    exact = vs("b-exact", "reviews", to(("reviews", "exact")), age=1)

    assert shares(routes(resolve(REVIEWS, CALLER, wide, exact), HOST).rules[0]) == {(HOST, "exact"): 100}
    assert shares(routes(resolve(REVIEWS, CALLER, wide), HOST).rules[0]) == {(HOST, "wide"): 100}


def test_longest_wildcard_counts_and_an_older_one_does_not() -> None:
    wide = vs("a-wide", "*.svc.cluster.local", to(("reviews", "wide")), age=3)
    longer = vs("b-longer", "*.default.svc.cluster.local", to(("reviews", "longer")), age=1)
    late = vs("c-late", "*.default.svc.cluster.local", to(("reviews", "late")), age=0)

    found = routes(resolve(REVIEWS, CALLER, wide, longer, late), HOST).rules
    assert [shares(rule) for rule in found] == [{(HOST, "longer"): 100}]


@pytest.mark.parametrize("condition", [{"port": 9999}, {"sourceNamespace": "web"}])
def test_virtual_service_without_a_rule_for_the_caller_makes_way(condition: Objects) -> None:
    old = vs("a-old", "reviews", to(("reviews", "old"), match=[condition]), age=2)
    young = vs("b-young", "reviews", to(("reviews", "young")), age=1)
    wide = vs("c-wide", "*.svc.cluster.local", to(("reviews", "wide")), age=3)

    (found,) = routes(resolve(REVIEWS, CALLER, old, young, wide), HOST).rules
    assert shares(found) == {(HOST, "young"): 100}
    (found,) = routes(resolve(REVIEWS, CALLER, old, wide), HOST).rules
    assert shares(found) == {(HOST, "wide"): 100}


def test_rules_of_another_namespace_may_be_private() -> None:
    private = vs("r", HOST, to(("reviews", "x")), namespace="web", export_to=["."])
    shared = vs("r", HOST, to((HOST, "x")), namespace="web")

    assert routes(resolve(REVIEWS, CALLER, private), HOST).rules[0].origin is None
    assert routes(resolve(REVIEWS, CALLER, shared), HOST).rules[0].origin is not None


def test_rules_for_gateways_only_do_not_reach_sidecars() -> None:
    (found,) = rules(to(("reviews", "x")), gateways=["some-gateway"])
    assert found.origin is None


class TestHosts:
    def at(self, port: int, *objects: Objects, settings: MeshSettings = SETTINGS) -> dict[str, HostRoutes]:
        view = sidecars(resolve(CALLER, *objects, settings=settings))
        (found,) = (one for one in view.http if one.port == port)
        return {one.host: one for one in found.hosts}

    def test_unregistered_hosts_are_on_port_80_only(self) -> None:
        made = vs("r", "api.example.com", to("reviews"))
        objects = (service("web", 80), REVIEWS, made)

        assert self.at(80, *objects)["api.example.com"].domains == ("api.example.com",)
        assert "api.example.com" not in self.at(9080, *objects)

    def test_unregistered_host_beside_a_service_is_on_that_services_ports(self) -> None:
        made = vs("r", ["api.example.com", "reviews"], to("reviews"))
        objects = (service("web", 80), REVIEWS, made)

        assert self.at(9080, *objects)["api.example.com"].rules[0].origin is not None
        assert "api.example.com" not in self.at(80, *objects)

    def test_addresses_may_be_hosts(self) -> None:
        made = vs("r", ["192.0.2.1", "2001:db8::1"], to("reviews"))
        found = self.at(80, service("web", 80), made)
        assert found["192.0.2.1"].domains == ("192.0.2.1",)
        assert found["2001:db8::1"].domains == ("[2001:db8::1]",)

    def test_wildcard_of_unregistered_hosts_is_on_port_80(self) -> None:
        made = vs("r", "*.example.com", to("reviews"))
        assert self.at(80, service("web", 80), made)["*.example.com"].domains == ("*.example.com",)

    def test_name_that_a_wildcard_host_covers_is_on_its_ports(self) -> None:
        covering = entry("*.example.com", port=8080, resolution="NONE", location="MESH_EXTERNAL")
        made = vs("r", "www.example.com", to("reviews"))
        assert self.at(8080, covering, made)["www.example.com"].domains == ("www.example.com",)
        assert problems(CALLER, service("reviews", 9080), covering, made) == ()

    def test_service_of_another_namespace_has_no_bare_name(self) -> None:
        made = service("reviews", 9080, namespace="shop", spec={"clusterIP": "198.18.129.1"})
        (found,) = self.at(9080, made).values()
        assert found.domains == (
            "reviews.shop.svc.cluster.local",
            "reviews.shop.svc",
            "reviews.shop",
            "198.18.129.1",
        )

    def test_headless_service_answers_to_its_pods_names(self) -> None:
        (found,) = self.at(9080, service("reviews", 9080, spec={"clusterIP": "None"})).values()
        assert "*.reviews.default.svc.cluster.local" in found.domains
        assert "*.reviews" in found.domains

    def test_spelling_belongs_to_who_claims_it_first(self) -> None:
        local = service("reviews", 9080, spec={"clusterIP": "198.18.129.1"})
        other = entry("reviews.default", addresses=["198.18.129.1"], endpoints=[remote("198.19.0.12")])
        found = self.at(9080, local, other)
        assert "reviews.default" in found[HOST].domains
        assert "reviews.default" not in found

    def test_ipv6_addresses_are_bracketed(self) -> None:
        (found,) = self.at(9080, service("reviews", 9080, spec={"clusterIP": "fd00::1"})).values()
        assert found.domains[-1] == "[fd00::1]"

    def test_local_service_on_another_port_still_keeps_the_short_names(self) -> None:
        found = self.at(
            9080, service("reviews", 8000), entry("reviews.default.global", endpoints=[remote("198.19.0.12")])
        )
        assert "reviews" not in found["reviews.default.global"].domains


@pytest.mark.parametrize(("allows_any", "wanted"), [(True, Fallback.PASSTHROUGH), (False, Fallback.BLOCK)])
def test_unknown_hosts(allows_any: bool, wanted: Fallback) -> None:
    settings = MeshSettings(cluster_id=SETTINGS.cluster_id, allows_any=allows_any)
    assert {one.fallback for one in sidecars(resolve(REVIEWS, CALLER, settings=settings)).http} == {wanted}


def test_views_differ_only_by_labels_that_rules_match_on() -> None:
    callers = [
        pod("a", "198.18.1.1", labels={"version": "v1", "hash": "1"}),
        pod("b", "198.18.1.2", labels={"version": "v1", "hash": "2"}),
        pod("c", "198.18.1.3", labels={"version": "v2"}),
    ]
    made = vs("r", "reviews", to("reviews", match=[{"sourceLabels": {"version": "v1"}}]), to("reviews"))

    assert len(resolve(REVIEWS, *callers).sidecar_views) == 1
    assert [key.labels for key in resolve(REVIEWS, *callers, made).sidecar_views] == [
        (),
        (("version", "v1"),),
    ]
