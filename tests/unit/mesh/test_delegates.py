"""Delegation: whose rules stand where, and under which conditions."""

from typing import Any

import msgspec
import pytest
from tests.unit.mesh.objects import codes, pod, problems, resolve, routes, service, shares, to
from tests.unit.mesh.objects import virtual_service as vs

from convoy.api.istio.virtual_service import HttpMatchRequest
from convoy.mesh.delegate_matches import merge_matches
from convoy.mesh.model import HeaderMatch, MatchKind, RouteRule, RuleRef, TextMatch

HOST = "reviews.default.svc.cluster.local"
CALLER = pod("caller", "198.18.1.200")
OBJECTS = (service("reviews", 9080), CALLER)
EVERY = to(("reviews", "own"))

Object = dict[str, Any]


def delegate(name: str, *http: Object, **more: Any) -> Object:
    return vs(name, [], *http, **more)


def naming(to: str, namespace: str = "", **more: Any) -> Object:
    return {"delegate": {"name": to, **({"namespace": namespace} if namespace else {})}, **more}


def rules(*objects: Object) -> tuple[RouteRule, ...]:
    return routes(resolve(*OBJECTS, *objects), HOST).rules


def test_rules_of_a_delegate_stand_in_the_place_of_the_rule_that_names_it() -> None:
    root = vs("root", "reviews", naming("child", match=[{"uri": {"prefix": "/a"}}]), EVERY)
    child = delegate("child", to(("reviews", "x"), match=[{"uri": {"prefix": "/a/b"}}]), to(("reviews", "y")))
    found = rules(root, child)

    assert [next(iter(shares(rule)))[1] for rule in found] == ["x", "y", "own"]
    assert [rule.match.path and rule.match.path.text.value for rule in found] == ["/a/b", "/a", None]
    assert [rule.origin for rule in found] == [
        RuleRef("VirtualService", "default", "child", "http[0]"),
        RuleRef("VirtualService", "default", "child", "http[1]"),
        RuleRef("VirtualService", "default", "root", "http[1]"),
    ]


def test_names_mean_what_they_mean_where_they_are_written() -> None:
    root = vs("root", "reviews", naming("child", "web", mirror={"host": "reviews"}))
    child = delegate("child", to("reviews"), namespace="web")
    (found,) = rules(root, child)

    assert found.destinations[0].key.hostname == "reviews.web.svc.cluster.local"
    assert found.mirrors[0].key.hostname == HOST


def test_what_a_delegate_leaves_open_comes_from_its_root() -> None:
    root = vs(
        "root",
        "reviews",
        naming("child", name="root", timeout="2s", headers={"request": {"set": {"a": "root"}}}),
    )
    child = delegate("child", to("reviews", name="own", timeout="1s"))
    (found,) = rules(root, child)

    assert (found.name, found.timeout_ms) == ("root-own", 1000)
    assert found.edits.request.set == (("a", "root"),)


@pytest.mark.parametrize(
    "objects",
    [
        (),
        (delegate("child", to("reviews"), namespace="web", export_to=["."]),),
        (vs("child", "other.example.com", to("reviews"), namespace="web"),),
    ],
    ids=["missing", "private", "with hosts"],
)
def test_rule_without_its_delegate_is_left_out_and_told(objects: tuple[Object, ...]) -> None:
    root = vs("root", "reviews", naming("child", "web"), EVERY)
    (found,) = rules(root, *objects)

    assert shares(found) == {(HOST, "own"): 100}
    assert codes(problems(*OBJECTS, root, *objects)).count("CVY0211") == 1


def test_delegate_alone_does_nothing() -> None:
    (found,) = rules(delegate("child", to("elsewhere")))
    assert found.origin is None


def test_destinations_of_delegates_are_checked() -> None:
    root = vs("root", "reviews", naming("child"))
    told = problems(*OBJECTS, root, delegate("child", to("elsewhere")))
    assert [(problem.code.id, problem.key and problem.key.name) for problem in told] == [("CVY0202", "child")]


def test_rule_that_contradicts_its_root_is_left_out_and_told() -> None:
    root = vs("root", "reviews", naming("child", match=[{"uri": {"prefix": "/a"}}]), EVERY)
    child = delegate("child", to(("reviews", "x"), match=[{"uri": {"prefix": "/b"}}]))

    assert [shares(rule) for rule in rules(root, child)] == [{(HOST, "own"): 100}]
    assert "CVY0212" in codes(problems(*OBJECTS, root, child))


def request(**fields: Any) -> HttpMatchRequest:
    return msgspec.convert(fields, HttpMatchRequest)


@pytest.mark.parametrize(
    ("root", "inner", "agree"),
    [
        ({"uri": {"prefix": "/a"}}, {"uri": {"exact": "/ab"}}, True),
        ({"uri": {"prefix": "/a/b"}}, {"uri": {"prefix": "/a"}}, False),
        ({"uri": {"exact": "/a"}}, {"uri": {"exact": "/a"}}, True),
        ({"uri": {"exact": "/a"}}, {"uri": {"prefix": "/a"}}, False),
        ({"uri": {"regex": "/a"}}, {"uri": {"exact": "/a"}}, False),
        ({"uri": {"prefix": "/a"}}, {"uri": {"regex": "/a.*"}}, False),
        ({"uri": {"regex": "/a"}}, {"method": {"exact": "GET"}}, True),
        ({"headers": {"a": {"exact": "1"}}}, {"headers": {"a": {"exact": "2"}}}, False),
        ({"headers": {"a": {"exact": "1"}}}, {"headers": {"b": {"regex": "2"}}}, True),
        ({"withoutHeaders": {"a": {"exact": "1"}}}, {"withoutHeaders": {"a": {"exact": "2"}}}, False),
        ({"queryParams": {"a": {"exact": "1"}}}, {"queryParams": {"a": {"exact": "2"}}}, False),
        ({"uri": {"prefix": "/a"}, "ignoreUriCase": True}, {"uri": {"prefix": "/a"}}, False),
        ({"port": 80}, {"port": 81}, False),
        ({"port": 80}, {}, True),
        ({"sourceNamespace": "a"}, {"sourceNamespace": "b"}, False),
        ({"sourceLabels": {"a": "1"}}, {"sourceLabels": {"a": "2"}}, False),
        ({"gateways": ["a/x"]}, {"gateways": ["a/x", "a/y"]}, False),
        ({"gateways": ["a/x", "a/y"]}, {"gateways": ["a/x"]}, True),
    ],
)
def test_conditions_agree_or_not(root: Object, inner: Object, agree: bool) -> None:
    assert (merge_matches([request(**root)], [request(**inner)]) is not None) is agree


def test_conditions_add_up() -> None:
    outer = request(
        name="root", uri={"prefix": "/a"}, headers={"x": {"exact": "1"}}, sourceLabels={"a": "1"}, port=80
    )
    inner = request(name="own", uri={"exact": "/a/b"}, headers={"y": {"exact": "2"}}, sourceLabels={"b": "2"})
    assert merge_matches([outer], [inner]) == [
        request(
            name="root-own",
            uri={"exact": "/a/b"},
            headers={"x": {"exact": "1"}, "y": {"exact": "2"}},
            sourceLabels={"a": "1", "b": "2"},
            port=80,
        )
    ]


def test_every_match_of_the_root_is_tried() -> None:
    outer = [request(uri={"prefix": "/a"}), request(uri={"prefix": "/b"}, method={"exact": "GET"})]
    inner = [request(uri={"exact": "/b/c"}), request(headers={"x": {"exact": "1"}})]
    assert merge_matches(outer, inner) == [
        request(uri={"exact": "/b/c"}, method={"exact": "GET"}),
        request(uri={"prefix": "/a"}, headers={"x": {"exact": "1"}}),
        request(uri={"prefix": "/b"}, method={"exact": "GET"}, headers={"x": {"exact": "1"}}),
    ]


def test_source_conditions_of_both_filter_callers() -> None:
    root = vs("root", "reviews", naming("child", match=[{"sourceNamespace": "web"}]), EVERY)
    child = delegate("child", to(("reviews", "x"), match=[{"headers": {"a": {"exact": "1"}}}]))
    snapshot = resolve(*OBJECTS, pod("web", "198.18.1.201", namespace="web"), root, child)

    (own,) = routes(snapshot, HOST).rules
    first, _ = routes(snapshot, HOST, namespace="web").rules
    assert shares(own) == {(HOST, "own"): 100}
    assert first.match.headers == (HeaderMatch("a", TextMatch(MatchKind.EXACT, "1")),)
