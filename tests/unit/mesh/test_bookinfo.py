"""The sample's two clusters, whole: what each proxy is told."""

import pytest
from tests.unit.mesh.objects import (
    Object,
    bookinfo,
    codes,
    names,
    problems,
    resolve,
    routes,
    shares,
    sidecars,
    upstream,
)

from convoy.api.istio.peer_authentication import MtlsMode
from convoy.api.meta import ClusterID
from convoy.mesh.links import check_links
from convoy.mesh.model import (
    Fallback,
    GatewayView,
    HeaderMatch,
    InboundPort,
    MatchKind,
    MeshSettings,
    MeshSnapshot,
    Protocol,
    Resolution,
    TextMatch,
    TlsMode,
)

LOCAL = "reviews.default.svc.cluster.local"
GLOBAL = "reviews.default.global"


def cluster(name: str, objects: list[Object] | None = None) -> MeshSnapshot:
    settings = MeshSettings(cluster_id=ClusterID(name))
    return resolve(*(objects or bookinfo(name)), settings=settings)


def without(objects: list[Object], kind: str, name: str) -> list[Object]:
    kept = [one for one in objects if (one["kind"], one["metadata"]["name"]) != (kind, name)]
    assert len(kept) < len(objects)
    return kept


def gateway_of(snapshot: MeshSnapshot) -> GatewayView:
    (found,) = snapshot.gateway_views.values()
    return found


def server_names(snapshot: MeshSnapshot) -> set[str]:
    (passthrough,) = gateway_of(snapshot).passthrough
    assert passthrough.listen_port == 15443
    return {name for route in passthrough.routes for name in route.server_names}


def test_jason_goes_to_both_remote_versions_and_others_to_the_local_one() -> None:
    first, second = routes(cluster("cluster1"), LOCAL).rules

    assert first.match.headers == (HeaderMatch("end-user", TextMatch(MatchKind.EXACT, "jason")),)
    assert shares(first) == {(GLOBAL, "v2"): 50, (GLOBAL, "v3"): 50}
    assert shares(second) == {(LOCAL, "v1"): 100}
    assert first.origin is not None
    assert (first.origin.name, first.origin.rule) == ("reviews", "http[0]")


def test_local_service_keeps_its_short_names() -> None:
    snapshot = cluster("cluster1")

    assert "reviews" in routes(snapshot, LOCAL).domains
    assert routes(snapshot, GLOBAL).domains == (GLOBAL, "240.0.0.3")
    assert names(snapshot)["reviews"] == ("198.18.129.13",)


@pytest.mark.parametrize(
    ("file", "vip", "endpoint"),
    [
        ("reviews-global.yaml", "240.0.0.3", "198.19.0.12"),
        ("reviews-global-127-255-0-3.yaml", "127.255.0.3", "198.19.0.12"),
        ("reviews-global-by-name.yaml", "240.0.0.3", "istio-ingressgateway.cluster2.convoy.test"),
    ],
)
def test_remote_reviews_are_behind_the_gateway(file: str, vip: str, endpoint: str) -> None:
    snapshot = cluster("cluster1", bookinfo("cluster1", replaced={"reviews-global.yaml": file}))
    v2 = upstream(snapshot, GLOBAL, subset="v2")

    assert names(snapshot)[GLOBAL] == (vip,)
    assert v2.resolution is Resolution.DNS
    assert [(one.address, one.port) for one in v2.dns_endpoints] == [(endpoint, 15443)]
    assert v2.tls.mode is TlsMode.MUTUAL
    assert v2.tls.sni == "outbound_.9080_.v2_.reviews.default.global"
    assert v2.tls.identity_prefixes == ("spiffe://cluster.local/ns/default/",)


def test_destination_cluster_lets_in_every_subset_under_its_global_name_only() -> None:
    let_in = server_names(cluster("cluster2"))

    for subset in ("", "v1", "v2", "v3"):
        assert f"outbound_.9080_.{subset}_.{GLOBAL}" in let_in
        assert f"outbound_.9080_.{subset}_.{LOCAL}" not in let_in


def test_subset_travels_to_the_pods_of_that_version() -> None:
    found = {
        (key.hostname, key.subset): [endpoint.workload for endpoint in assignment.endpoints]
        for key, assignment in cluster("cluster2").assignments.items()
        if key.is_passthrough and key.port == 9080
    }

    assert found[(LOCAL, "v2")] == ["reviews-v2.default"]
    assert found[(LOCAL, "v3")] == ["reviews-v3.default"]
    assert found[(LOCAL, "v1")] == []
    assert found[(LOCAL, "")] == ["reviews-v2.default", "reviews-v3.default"]


def test_ingress_gateway_serves_the_page() -> None:
    view = gateway_of(cluster("cluster1"))
    (http,) = view.http

    assert http.listen_port == http.routes.port == 8080
    assert http.routes.fallback is Fallback.NOT_FOUND
    (any_host,) = http.routes.hosts
    assert any_host.domains == ("*",)
    assert {tuple(shares(rule)) for rule in any_host.rules} == {
        (("productpage.default.svc.cluster.local", ""),)
    }
    opened = [one.key.hostname for one in view.upstreams if not one.key.is_passthrough]
    assert opened == ["productpage.default.svc.cluster.local"]


def test_servers_are_accepted_by_their_accounts() -> None:
    snapshot = cluster("cluster1")

    assert upstream(snapshot, LOCAL, subset="v1").tls.identities == (
        "spiffe://cluster.local/ns/default/sa/bookinfo-reviews",
    )
    details = upstream(snapshot, "details.default.svc.cluster.local")
    assert (details.tls.mode, details.tls.identities) == (
        TlsMode.AUTO,
        ("spiffe://cluster.local/ns/default/sa/bookinfo-details",),
    )


def test_workloads_share_one_view_and_know_their_ports() -> None:
    snapshot = cluster("cluster1")
    workload = snapshot.workloads["reviews-v1.default"]

    assert len(snapshot.sidecar_views) == 1
    assert workload.view in snapshot.sidecar_views
    assert workload.inbound is not None
    assert workload.inbound.ports == (InboundPort(9080, Protocol.HTTP, MtlsMode.PERMISSIVE),)
    assert snapshot.workloads["istio-ingressgateway.istio-system"].inbound is None


@pytest.mark.parametrize("name", ["cluster1", "cluster2"])
def test_sample_has_no_problems(name: str) -> None:
    assert problems(*bookinfo(name), settings=MeshSettings(cluster_id=ClusterID(name))) == ()


def test_without_a_local_service_its_names_mean_the_remote_one() -> None:
    # The tip of the article: then "reviews" needs no route rule.
    objects = without(bookinfo("cluster1"), "Service", "reviews")
    objects = without(objects, "VirtualService", "reviews")
    snapshot = cluster("cluster1", objects)

    spellings = ("reviews", "reviews.default", "reviews.default.svc", LOCAL, GLOBAL)
    assert {names(snapshot).get(name) for name in spellings} == {("240.0.0.3",)}
    assert set(routes(snapshot, GLOBAL).domains) == {*spellings, "240.0.0.3"}
    assert shares(routes(snapshot, GLOBAL).rules[0]) == {(GLOBAL, ""): 100}


def test_other_namespaces_do_not_get_the_bare_name() -> None:
    objects = without(bookinfo("cluster1"), "Service", "reviews")
    snapshot = cluster("cluster1", objects)

    assert "reviews" not in names(snapshot, "istio-system")
    assert names(snapshot, "istio-system")["reviews.default"] == ("240.0.0.3",)


class TestLinks:
    def check(self, first: list[Object] | None = None, second: list[Object] | None = None) -> list[str]:
        snapshots = {
            ClusterID("cluster1"): cluster("cluster1", first),
            ClusterID("cluster2"): cluster("cluster2", second),
        }
        self.found = check_links(snapshots)
        return codes(self.found)

    def test_both_halves_are_there(self) -> None:
        assert self.check() == []

    def test_missing_remote_destination_rule_is_told_at_the_caller(self) -> None:
        assert self.check(second=without(bookinfo("cluster2"), "DestinationRule", "reviews")) == [
            "CVY0261",
            "CVY0261",
        ]
        problem = self.found[0]
        assert (problem.cluster, str(problem.key)) == ("cluster1", "VirtualService default/reviews")
        assert problem.field == "spec.http[0]"
        assert 'cluster2, which has no subset "v2"' in problem.message

    def test_missing_remote_service_is_told(self) -> None:
        assert set(self.check(second=without(bookinfo("cluster2"), "Service", "reviews"))) == {"CVY0261"}
        assert f'no service "{LOCAL}"' in self.found[0].message

    def test_closed_remote_gateway_is_told(self) -> None:
        second = without(bookinfo("cluster2"), "Gateway", "istio-multicluster-ingressgateway")
        assert set(self.check(second=second)) == {"CVY0261"}
        assert "no AUTO_PASSTHROUGH server" in self.found[0].message

    def test_plain_text_to_the_gateway_is_told(self) -> None:
        first = bookinfo("cluster1")
        (rule,) = (one for one in first if one["metadata"]["name"] == "reviews-global")
        rule["spec"]["trafficPolicy"]["tls"]["mode"] = "DISABLE"
        assert set(self.check(first)) == {"CVY0261"}
        assert "plain text" in self.found[0].message

    def test_other_port_number_is_told(self) -> None:
        second = bookinfo("cluster2")
        (service,) = (
            one for one in second if (one["kind"], one["metadata"]["name"]) == ("Service", "reviews")
        )
        service["spec"]["ports"][0]["port"] = 9081
        assert set(self.check(second=second)) == {"CVY0261"}
        assert "has the ports 9081" in self.found[0].message

    def test_gateway_is_known_by_name_too(self) -> None:
        replaced = {"reviews-global.yaml": "reviews-global-by-name.yaml"}
        second = without(bookinfo("cluster2"), "DestinationRule", "reviews")
        assert "CVY0261" in self.check(bookinfo("cluster1", replaced=replaced), second)

    def test_rules_of_the_destination_cluster_are_not_evaluated(self) -> None:
        routing = [one for one in bookinfo("cluster1") if one["kind"] == "VirtualService"]
        local = {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": "there", "namespace": "default"},
            "spec": {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews"}}]}]},
        }
        assert routing
        assert set(self.check(second=[*bookinfo("cluster2"), local])) == {"CVY0262"}


def test_two_sidecar_views_never_mix_protocols() -> None:
    view = sidecars(cluster("cluster1"))
    http_ports = {port.port for port in view.http}

    assert not any(route.vip == "0.0.0.0" and route.port in http_ports for route in view.tcp)
