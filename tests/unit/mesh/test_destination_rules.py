"""Which DestinationRule counts, and the policy that follows from it."""

from typing import Any

import pytest
from tests.unit.mesh.objects import destination_rule as rule
from tests.unit.mesh.objects import entry, pod, remote, resolve, service, upstream

from convoy.mesh.model import LbPolicy, TlsMode

HOST = "reviews.shop.svc.cluster.local"


def subsets_seen(client: str, *rules: dict[str, Any]) -> set[str]:
    snapshot = resolve(
        service("reviews", 9080, namespace="shop"),
        pod("reviews", "198.18.1.1", namespace="shop"),
        pod("caller", "198.18.1.2", namespace=client),
        *rules,
    )
    (view,) = (one for key, one in snapshot.sidecar_views.items() if key.namespace == client)
    return {one.key.subset for one in view.upstreams if one.key.subset}


def in_namespace(namespace: str, subset: str, host: str = HOST, **spec: Any) -> dict[str, Any]:
    return rule(f"{namespace}-{subset}", host, namespace=namespace, subsets={subset: {"v": subset}}, **spec)


@pytest.mark.parametrize(
    ("client", "rules", "wanted"),
    [
        ("web", [in_namespace("web", "a"), in_namespace("shop", "b")], {"a"}),
        ("web", [in_namespace("shop", "b"), in_namespace("istio-system", "c")], {"b"}),
        ("web", [in_namespace("istio-system", "c")], {"c"}),
        ("web", [in_namespace("other", "d")], set()),
        ("web", [in_namespace("shop", "b", exportTo=["."])], set()),
        ("web", [in_namespace("istio-system", "c", exportTo=["."])], set()),
        ("shop", [in_namespace("shop", "b", exportTo=["."])], {"b"}),
        # The root namespace's own proxies do not prefer what it exports to all.
        ("istio-system", [in_namespace("istio-system", "c"), in_namespace("shop", "b")], {"b"}),
        (
            "istio-system",
            [in_namespace("istio-system", "c", exportTo=["."]), in_namespace("shop", "b")],
            {"c"},
        ),
        # The nearer namespace wins over the more specific host, and within one the more specific host.
        ("web", [in_namespace("web", "a", "*.cluster.local"), in_namespace("shop", "b")], {"a"}),
        ("web", [in_namespace("web", "a", "*.cluster.local"), in_namespace("web", "x")], {"x"}),
        (
            "web",
            [in_namespace("web", "a", "*.local"), in_namespace("web", "y", "*.shop.svc.cluster.local")],
            {"y"},
        ),
    ],
)
def test_rule_is_looked_up_from_the_caller_outwards(
    client: str, rules: list[dict[str, Any]], wanted: set[str]
) -> None:
    assert subsets_seen(client, *rules) == wanted


def test_short_host_means_the_rules_own_namespace() -> None:
    assert subsets_seen("shop", in_namespace("shop", "b", "reviews")) == {"b"}
    assert subsets_seen("web", in_namespace("web", "a", "reviews")) == set()


def test_rules_for_one_host_are_merged_oldest_first() -> None:
    snapshot = resolve(
        service("reviews", 9080),
        pod("reviews", "198.18.1.1", labels={"version": "v1"}),
        rule(
            "young",
            "reviews",
            subsets={"v1": {"version": "other"}, "v2": {"version": "v2"}},
            age=1,
            tls="DISABLE",
        ),
        rule("old", "reviews", subsets={"v1": {"version": "v1"}}, age=2, tls="ISTIO_MUTUAL"),
    )
    host = "reviews.default.svc.cluster.local"

    assert upstream(snapshot, host).tls.mode is TlsMode.MUTUAL
    assert upstream(snapshot, host, subset="v2").tls.mode is TlsMode.MUTUAL
    (v1,) = (one for key, one in snapshot.assignments.items() if key.subset == "v1")
    assert [endpoint.address for endpoint in v1.endpoints] == ["198.18.1.1"]


def test_nothing_is_inherited_from_a_wildcard_rule() -> None:
    snapshot = resolve(
        pod("caller", "198.18.1.2"),
        entry("reviews.default.global", endpoints=[remote("198.19.0.12")]),
        entry("ratings.default.global", endpoints=[remote("198.19.0.12")]),
        rule("all", "*.global", namespace="istio-system", tls="ISTIO_MUTUAL"),
        rule("one", "reviews.default.global", subsets={"v2": {"cluster": "cluster2"}}),
    )

    assert upstream(snapshot, "ratings.default.global").tls.mode is TlsMode.MUTUAL
    assert upstream(snapshot, "reviews.default.global").tls.mode is TlsMode.AUTO


def policies(
    policy: dict[str, Any], subset_policy: dict[str, Any] | None = None
) -> dict[tuple[int, str], Any]:
    subset: dict[str, Any] = {"name": "v1", "labels": {"version": "v1"}}
    if subset_policy:
        subset["trafficPolicy"] = subset_policy
    made = rule("reviews", "reviews", trafficPolicy=policy)
    made["spec"]["subsets"] = [subset]
    snapshot = resolve(service("reviews", 9080, 9090), pod("reviews", "198.18.1.1"), made)
    (view,) = snapshot.sidecar_views.values()
    return {
        (one.key.port, one.key.subset): (one.tls.mode, one.lb_policy, one.connect_timeout_ms)
        for one in view.upstreams
    }


RANDOM = {"simple": "RANDOM"}
SLOW = {"tcp": {"connectTimeout": "2s"}}
MUTUAL = {"mode": "ISTIO_MUTUAL"}


def test_subset_overrides_field_by_field() -> None:
    found = policies({"tls": MUTUAL, "connectionPool": SLOW}, {"loadBalancer": RANDOM})

    assert found[(9080, "")] == (TlsMode.MUTUAL, LbPolicy.LEAST_REQUEST, 2_000)
    assert found[(9080, "v1")] == (TlsMode.MUTUAL, LbPolicy.RANDOM, 2_000)


def test_port_replaces_instead_of_overriding() -> None:
    at_port = [{"port": {"number": 9090}, "loadBalancer": RANDOM}]
    found = policies({"tls": MUTUAL, "connectionPool": SLOW, "portLevelSettings": at_port})

    assert found[(9080, "")] == (TlsMode.MUTUAL, LbPolicy.LEAST_REQUEST, 2_000)
    assert found[(9090, "")] == (TlsMode.AUTO, LbPolicy.RANDOM, 10_000)


def test_port_of_a_subset_replaces_what_the_rule_says() -> None:
    at_port = [{"port": {"number": 9090}, "tls": {"mode": "DISABLE"}}]
    found = policies({"tls": MUTUAL, "connectionPool": SLOW}, {"portLevelSettings": at_port})

    assert found[(9090, "")] == (TlsMode.MUTUAL, LbPolicy.LEAST_REQUEST, 2_000)
    assert found[(9090, "v1")] == (TlsMode.DISABLE, LbPolicy.LEAST_REQUEST, 10_000)
    assert found[(9080, "v1")] == (TlsMode.MUTUAL, LbPolicy.LEAST_REQUEST, 2_000)


def test_caller_with_labels_of_its_own_gets_endpoints_of_its_own() -> None:
    snapshot = resolve(
        service("reviews", 9080, namespace="shop"),
        pod("old", "198.18.1.1", app="reviews", namespace="shop", labels={"version": "v1"}),
        pod("new", "198.18.1.2", app="reviews", namespace="shop", labels={"version": "v2"}),
        pod("caller", "198.18.1.3", namespace="web"),
        rule("shop", HOST, namespace="shop", subsets={"stable": {"version": "v1"}}),
        rule("web", HOST, namespace="web", subsets={"stable": {"version": "v2"}}),
    )

    def addresses(namespace: str) -> list[str]:
        (view,) = (key for key in snapshot.sidecar_views if key.namespace == namespace)
        found = snapshot.assignment(view, upstream(snapshot, HOST, subset="stable", namespace=namespace).key)
        assert found is not None
        return [endpoint.address for endpoint in found.endpoints]

    assert addresses("shop") == ["198.18.1.1"]
    assert addresses("web") == ["198.18.1.2"]
