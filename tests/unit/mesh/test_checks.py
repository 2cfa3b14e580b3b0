"""What the mesh says about objects that do not fit together."""

from typing import Any

from tests.unit.mesh.objects import (
    codes,
    entry,
    gateway,
    gateway_pod,
    http_server,
    pod,
    problems,
    remote,
    resolve,
    routes,
    service,
    shares,
    to,
)
from tests.unit.mesh.objects import destination_rule as rule
from tests.unit.mesh.objects import virtual_service as vs

from convoy.api.problems import Problem

CALLER = pod("caller", "198.18.1.200")
REVIEWS = service("reviews", 9080)
SUBSETS = {"v1": {"version": "v1"}, "v2": {"version": "v2"}, "v3": {"version": "v3"}}


def only(*objects: dict[str, Any]) -> Problem:
    (found,) = problems(CALLER, *objects)
    return found


def test_subset_missing_from_destination_rule_is_reported() -> None:
    found = only(
        REVIEWS, rule("reviews", "reviews", subsets=SUBSETS), vs("reviews", "reviews", to(("reviews", "v4")))
    )

    assert (found.code.id, found.field) == ("CVY0201", "spec.http[0].route[0].destination.subset")
    assert found.message == '"v4" is not a subset of DestinationRule default/reviews, which has v1, v2, v3.'
    assert found.remedy == "Use one of those, or add v4 to the DestinationRule."


def test_route_to_an_unknown_subset_costs_only_itself() -> None:
    made = vs("r", "reviews", to(("reviews", "v4"), match=[{"uri": {"exact": "/a"}}]), to(("reviews", "v1")))
    snapshot = resolve(CALLER, REVIEWS, rule("reviews", "reviews", subsets=SUBSETS), made)
    host = "reviews.default.svc.cluster.local"

    assert [shares(found) for found in routes(snapshot, host).rules] == [
        {(host, "v4"): 100},
        {(host, "v1"): 100},
    ]


def test_subset_without_any_rule_is_reported() -> None:
    found = only(REVIEWS, vs("r", "reviews", to(("reviews", "v4"))))
    assert (found.code.id, "no DestinationRule" in found.message) == ("CVY0201", True)


def test_subset_is_judged_from_the_callers_namespace() -> None:
    private = rule("r", "reviews.default.svc.cluster.local", namespace="web", subsets=SUBSETS)
    made = vs("r", "reviews", to(("reviews", "v1")))
    assert codes(problems(CALLER, REVIEWS, private, made)) == ["CVY0201"]
    assert codes(problems(pod("other", "198.18.1.9", namespace="web"), REVIEWS, private, made)) == []


def test_unknown_destination_is_reported_with_a_suggestion() -> None:
    found = only(REVIEWS, vs("r", "reviews", to("revews")))
    assert found.code.id == "CVY0202"
    assert found.remedy == 'Did you mean "reviews.default.svc.cluster.local"?'


def test_half_expanded_name_is_explained() -> None:
    found = only(REVIEWS, vs("r", "reviews", to("reviews.default")))
    assert found.remedy == ('Names with a dot are not expanded: write "reviews.default.svc.cluster.local".')


def test_hidden_destination_is_unknown() -> None:
    hidden = service("reviews", 9080, namespace="web", annotations={"networking.istio.io/exportTo": "."})
    made = vs("r", "page", to("reviews.web.svc.cluster.local"))
    assert codes(problems(CALLER, service("page", 80), hidden, made)) == ["CVY0202"]


def test_ports_of_destinations() -> None:
    several = service("several", 7000, 7001)
    wrong = to("reviews")
    wrong["route"][0]["destination"]["port"] = {"number": 9081}
    match = [{"uri": {"exact": "/a"}}]
    found = problems(CALLER, REVIEWS, several, vs("r", "reviews", to("several", match=match), wrong))
    assert [(one.code.id, one.field) for one in found] == [
        ("CVY0204", "spec.http[0].route[0].destination"),
        ("CVY0203", "spec.http[1].route[0].destination.port.number"),
    ]


def test_hosts_nobody_has() -> None:
    assert (
        only(vs("r", "nowhere.example.com", {"route": to("caller")["route"]}), service("caller", 80)).code.id
        == "CVY0207"
    )
    assert only(rule("r", "nowhere", tls="DISABLE")).code.id == "CVY0221"
    assert problems(CALLER, rule("r", "*.global", tls="ISTIO_MUTUAL")) == ()


def test_rules_for_callers_from_outside_too_may_be_for_names_that_nobody_has_inside() -> None:
    web = gateway("web", http_server("*"))
    made = vs("r", "shop.example.com", to("reviews"), gateways=["mesh", "istio-system/web"])
    assert problems(REVIEWS, gateway_pod(), web, made) == ()
    misspelled = vs("r", "revews", to("reviews"), gateways=["mesh", "istio-system/web"])
    assert codes(problems(REVIEWS, gateway_pod(), web, misspelled)) == ["CVY0207"]


def test_match_without_default_is_reported_in_the_mesh_only() -> None:
    rules = to("reviews", match=[{"uri": {"exact": "/a"}}])
    assert only(REVIEWS, vs("r", "reviews", rules)).code.id == "CVY0208"
    web = gateway("web", http_server("*"))
    made = vs("r", "a.example.com", rules, gateways=["istio-system/web"])
    assert problems(REVIEWS, gateway_pod(), web, made) == ()


def test_second_virtual_service_for_a_host_is_reported() -> None:
    made = (vs("a", "reviews", to("reviews"), age=1), vs("b", "reviews", to("reviews"), age=2))
    found = only(REVIEWS, *made)
    assert (found.code.id, found.key and found.key.name) == ("CVY0206", "a")
    apart = (
        vs("a", "reviews.default.svc.cluster.local", to("reviews"), export_to=["."]),
        vs(
            "b",
            "reviews.default.svc.cluster.local",
            to("reviews.default.svc.cluster.local"),
            namespace="web",
            export_to=["."],
        ),
    )
    assert problems(CALLER, REVIEWS, *apart) == ()


def test_gateways_that_are_not_there() -> None:
    web = gateway("web", http_server("*"))
    made = vs("r", "a.example.com", to("reviews"), gateways=["istio-system/wib"])
    found = only(REVIEWS, gateway_pod(), web, made)
    assert (found.code.id, found.remedy) == ("CVY0205", 'Did you mean "istio-system/web"?')
    assert only(web).code.id == "CVY0241"


def test_hosts_that_the_gateway_does_not_serve() -> None:
    web = gateway("web", http_server("b.example.com"))
    made = vs("r", "a.example.com", to("reviews"), gateways=["istio-system/web"])
    assert only(REVIEWS, gateway_pod(), web, made).code.id == "CVY0210"


def test_port_that_the_gateways_service_lacks() -> None:
    front = service("front", 80, namespace="istio-system", spec={"selector": {"istio": "gateway"}})
    found = only(front, gateway_pod(), gateway("web", http_server("*", port=8080)))
    assert found.code.id == "CVY0242"


def test_global_host_without_mutual_tls() -> None:
    made = entry("reviews.default.global", endpoints=[remote("198.19.0.12")])
    by_default = rule("r", "reviews.default.global", subsets={"v2": {"cluster": "cluster2"}})
    assert only(made, by_default).code.id == "CVY0225"
    assert only(made, rule("r", "reviews.default.global", tls="DISABLE")).code.id == "CVY0225"


def test_subset_that_no_endpoint_of_an_entry_has() -> None:
    made = entry("reviews.default.global", endpoints=[remote("198.19.0.12")])
    found = only(
        made, rule("r", "reviews.default.global", tls="ISTIO_MUTUAL", subsets={"v2": {"cluster": "cluster3"}})
    )
    assert (found.code.id, found.field) == ("CVY0222", "spec.subsets[0].labels")


def test_subsets_of_pods_that_are_not_deployed_do_no_harm() -> None:
    assert problems(CALLER, REVIEWS, rule("reviews", "reviews", subsets=SUBSETS)) == ()


def test_second_rule_for_a_host() -> None:
    first = rule("a", "reviews", tls="DISABLE", subsets={"v1": {"version": "v1"}}, age=2)
    second = rule("b", "reviews", tls="DISABLE", subsets={"v1": {"version": "v2"}}, age=1)
    found = problems(CALLER, REVIEWS, first, second)
    assert [(one.code.id, one.key and one.key.name, one.field) for one in found] == [
        ("CVY0224", "b", "spec.subsets[0].name"),
        ("CVY0224", "b", "spec.trafficPolicy"),
    ]


def test_services_that_are_there_twice() -> None:
    first = entry("a.example.com", age=2, name="first")
    second = entry("a.example.com", age=1, name="second", namespace="other")
    found = only(first, second)
    assert (found.code.id, found.key and found.key.name) == ("CVY0231", "second")


def test_services_that_nobody_sees_together_are_not_told() -> None:
    own = entry("a.example.com", name="own", exportTo=["."])
    theirs = entry("a.example.com", name="theirs", namespace="other", exportTo=["."])
    everyone = entry("a.example.com", age=2, name="everyone", namespace="third")
    assert problems(CALLER, everyone, own, theirs) == ()
    tcp = {"ports": [{"number": 5432, "name": "tcp", "protocol": "TCP"}], "resolution": "NONE"}
    one = entry("b.example.com", exportTo=["."], **tcp)
    other = entry("c.example.com", namespace="other", exportTo=["."], **tcp)
    assert problems(CALLER, one, other) == ()
    assert codes(problems(CALLER, one, entry("c.example.com", **tcp))) == ["CVY0233"]


def test_parts_of_services_that_lead_nowhere() -> None:
    named = service("reviews", {"port": 80, "name": "http", "targetPort": "web"})
    assert only(named, pod("reviews", "198.18.1.1")).code.id == "CVY0235"
    away = service("away", spec={"type": "ExternalName", "externalName": "a.example.com", "ports": []})
    assert "CVY0236" in codes(problems(CALLER, away))
    foreign = entry("reviews.default.global", endpoints=[remote("198.19.0.12", network="external")])
    assert only(foreign).code.id == "CVY0237"
