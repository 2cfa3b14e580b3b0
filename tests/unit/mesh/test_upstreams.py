"""Services, their endpoints, and whom callers accept as their servers."""

from typing import Any

import pytest
from tests.unit.mesh.objects import destination_rule as rule
from tests.unit.mesh.objects import (
    entry,
    gateway_pod,
    peer_authentication,
    pod,
    remote,
    resolve,
    service,
    upstream,
)

from convoy.agent.settings import DRAIN_SECONDS
from convoy.api.meta import Hostname
from convoy.mesh.model import EndpointKey, MeshSnapshot, Protocol, Resolution, TlsMode
from convoy.mesh.protocols import entry_protocol, kube_protocol
from convoy.mesh.upstreams import RENEWED_AFTER_MS

HOST = "reviews.default.svc.cluster.local"
CALLER = pod("caller", "198.18.1.200")


def endpoints(snapshot: MeshSnapshot, host: str = HOST, port: int = 9080) -> list[tuple[str, int]]:
    return [(one.address, one.port) for one in snapshot.endpoints[EndpointKey(Hostname(host), port)]]


@pytest.mark.parametrize(
    ("app_protocol", "name", "number", "wanted"),
    [
        ("", "http", 80, Protocol.HTTP),
        ("", "http-web", 80, Protocol.HTTP),
        ("", "http2-web", 80, Protocol.HTTP2),
        ("", "grpc-web", 80, Protocol.GRPC_WEB),
        ("", "grpc-web-x", 80, Protocol.GRPC_WEB),
        ("", "grpc", 80, Protocol.GRPC),
        ("", "https", 443, Protocol.TLS),
        ("", "mongo", 27017, Protocol.TCP),
        ("", "", 3306, Protocol.TCP),
        ("", "", 9080, Protocol.AUTO),
        ("", "httpx", 9080, Protocol.AUTO),
        ("HTTP", "tcp", 80, Protocol.HTTP),
        ("kubernetes.io/h2c", "http", 80, Protocol.HTTP2),
        ("example.com/own", "http", 80, Protocol.AUTO),
        ("kubernetes.io/ws", "tcp", 80, Protocol.HTTP),
        ("kubernetes.io/wss", "http", 443, Protocol.TLS),
        ("redis", "http", 80, Protocol.TCP),
    ],
)
def test_protocol_of_a_kubernetes_port(app_protocol: str, name: str, number: int, wanted: Protocol) -> None:
    assert kube_protocol(app_protocol=app_protocol, name=name, number=number) is wanted


def test_protocol_of_an_entry_is_what_it_says() -> None:
    assert entry_protocol("Http") is Protocol.HTTP
    assert entry_protocol("") is Protocol.AUTO
    assert entry_protocol("", number=3306) is Protocol.TCP


def test_udp_ports_are_left_out() -> None:
    snapshot = resolve(service("dns", {"port": 53, "name": "dns", "protocol": "UDP"}, 80), CALLER)

    assert [port.number for port in snapshot.services[Hostname("dns.default.svc.cluster.local")].ports] == [
        80
    ]


@pytest.mark.parametrize(
    ("change", "serves"),
    [
        ({}, True),
        ({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, True),
        ({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}, False),
        ({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, False),
        ({"status": {"conditions": [{"type": "Initialized", "status": "True"}]}}, False),
        ({"status": {"conditions": [{"type": "ContainersReady", "status": "True"}]}}, False),
        ({"status": {"phase": "Pending", "podIP": ""}}, False),
        ({"status": {"phase": "Running"}}, True),
        ({"status": {"phase": "Failed"}}, False),
        ({"status": {"phase": "Succeeded"}}, False),
        ({"status": {"podIP": ""}}, False),
    ],
)
def test_pods_that_serve(change: dict[str, Any], serves: bool) -> None:
    snapshot = resolve(service("reviews", 9080), pod("reviews", "198.18.1.1", **change), CALLER)

    assert bool(endpoints(snapshot)) is serves


def test_not_ready_pods_may_be_published() -> None:
    made = service("reviews", 9080, spec={"publishNotReadyAddresses": True})
    waiting = pod("reviews", "198.18.1.1", status={"conditions": [{"type": "Ready", "status": "False"}]})

    assert endpoints(resolve(made, waiting, CALLER)) == [("198.18.1.1", 9080)]


def test_pods_without_an_address_are_not_published_in_any_case() -> None:
    made = service("reviews", 9080, spec={"publishNotReadyAddresses": True})

    assert endpoints(resolve(made, pod("reviews", ""), CALLER)) == []


def test_starting_pod_has_its_proxy_before_it_has_an_address() -> None:
    starting = pod("reviews", "", status={"conditions": [{"type": "Ready", "status": "False"}]})

    assert "reviews.default" in resolve(service("reviews", 9080), starting).workloads


def test_terminating_pods_do_not_serve_but_keep_their_proxy() -> None:
    leaving = pod("reviews", "198.18.1.1")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    snapshot = resolve(service("reviews", 9080), leaving)

    assert endpoints(snapshot) == []
    assert "reviews.default" in snapshot.workloads


def test_target_port_by_number_and_by_name() -> None:
    ports = [
        {"port": 80, "name": "http", "targetPort": 8080},
        {"port": 81, "name": "http-b", "targetPort": "web"},
        {"port": 82, "name": "http-c", "targetPort": "missing"},
    ]
    spec = {"containers": [{"name": "a", "image": "a", "ports": [{"containerPort": 8081, "name": "web"}]}]}
    snapshot = resolve(service("reviews", *ports), pod("reviews", "198.18.1.1", spec=spec))

    assert endpoints(snapshot, port=80) == [("198.18.1.1", 8080)]
    assert endpoints(snapshot, port=81) == [("198.18.1.1", 8081)]
    assert endpoints(snapshot, port=82) == []


@pytest.mark.parametrize(
    ("policies", "accepts"),
    [
        ([], True),
        ([peer_authentication("ns", "DISABLE")], False),
        ([peer_authentication("mesh", "DISABLE", namespace="istio-system")], False),
        ([peer_authentication("one", "STRICT", selects="reviews", ports={9080: "DISABLE"})], False),
        # Port-level modes are for target ports.
        ([peer_authentication("one", "STRICT", selects="reviews", ports={80: "DISABLE"})], True),
    ],
)
def test_endpoint_accepts_mutual_tls_unless_disabled(policies: list[dict[str, Any]], accepts: bool) -> None:
    made = service("reviews", {"port": 80, "name": "http", "targetPort": 9080})
    snapshot = resolve(made, pod("reviews", "198.18.1.1"), *policies)
    (endpoint,) = snapshot.endpoints[EndpointKey(Hostname(HOST), 80)]

    assert endpoint.accepts_mtls is accepts


def test_pods_without_sidecar_and_gateways_do_not_accept_mutual_tls() -> None:
    bare = pod("reviews", "198.18.1.1", sidecar=False)
    front = gateway_pod(namespace="default")
    front["metadata"]["labels"]["app"] = "reviews"
    snapshot = resolve(service("reviews", 9080), bare, front)

    assert [one.accepts_mtls for one in snapshot.endpoints[EndpointKey(Hostname(HOST), 9080)]] == [
        False,
        False,
    ]


def test_only_labels_that_subsets_use_are_kept() -> None:
    made = pod("reviews", "198.18.1.1", labels={"version": "v1", "hash": "1"})
    snapshot = resolve(
        service("reviews", 9080), made, rule("r", "reviews", subsets={"v1": {"version": "v1"}})
    )
    (endpoint,) = snapshot.endpoints[EndpointKey(Hostname(HOST), 9080)]

    assert endpoint.labels == (("version", "v1"),)


def test_subset_may_select_by_cluster_and_network() -> None:
    snapshot = resolve(
        service("reviews", 9080),
        pod("reviews", "198.18.1.1"),
        rule(
            "r",
            "reviews",
            subsets={
                "here": {"topology.istio.io/cluster": "cluster1", "topology.istio.io/network": "cluster1"},
                "there": {"topology.istio.io/cluster": "cluster2"},
            },
        ),
    )
    found = {key.subset: len(one.endpoints) for key, one in snapshot.assignments.items()}

    assert found == {"": 1, "here": 1, "there": 0}


class TestIdentities:
    def accepted(self, *objects: dict[str, Any], host: str = HOST) -> tuple[tuple[str, ...], tuple[str, ...]]:
        tls = upstream(resolve(*objects, CALLER), host).tls
        return tls.identities, tls.identity_prefixes

    def test_accounts_of_the_pods_ready_or_not(self) -> None:
        waiting = {"conditions": [{"type": "Ready", "status": "False"}]}
        found, _ = self.accepted(
            service("reviews", 9080),
            pod("b", "198.18.1.2", app="reviews", account="two", status=waiting),
            pod("a", "198.18.1.1", app="reviews", account="one"),
            pod("c", "198.18.1.3", app="reviews", account="bare", sidecar=False),
        )
        assert found == (
            "spiffe://cluster.local/ns/default/sa/one",
            "spiffe://cluster.local/ns/default/sa/two",
        )

    def test_pod_without_account_is_the_default_account(self) -> None:
        found, _ = self.accepted(service("reviews", 9080), pod("reviews", "198.18.1.1", account=""))
        assert found == ("spiffe://cluster.local/ns/default/sa/default",)

    def test_namespace_where_no_account_is_known(self) -> None:
        assert self.accepted(service("reviews", 9080)) == ((), ("spiffe://cluster.local/ns/default/",))

    def test_namespace_of_a_global_host_is_its_second_label(self) -> None:
        made = entry("reviews.shop.global", endpoints=[remote("198.19.0.12")], namespace="istio-system")
        mutual = rule("r", "reviews.shop.global", tls="ISTIO_MUTUAL")
        assert self.accepted(made, mutual, host="reviews.shop.global") == (
            (),
            ("spiffe://cluster.local/ns/shop/",),
        )

    def test_entry_states_them_or_its_endpoints_do(self) -> None:
        mutual = rule("r", "reviews.shop.global", tls="ISTIO_MUTUAL")
        by_account = entry("reviews.shop.global", endpoints=[remote("198.19.0.12", serviceAccount="x")])
        found, _ = self.accepted(by_account, mutual, host="reviews.shop.global")
        assert found == ("spiffe://cluster.local/ns/default/sa/x",)
        by_name = entry(
            "reviews.shop.global",
            endpoints=[remote("198.19.0.12", serviceAccount="x")],
            subjectAltNames=["spiffe://cluster.local/ns/shop/sa/y"],
        )
        found, _ = self.accepted(by_name, mutual, host="reviews.shop.global")
        assert found == ("spiffe://cluster.local/ns/shop/sa/y",)

    def test_destination_rule_has_the_last_word(self) -> None:
        tls = {
            "mode": "ISTIO_MUTUAL",
            "subjectAltNames": ["spiffe://other/ns/a/sa/b"],
            "sni": "own.example.com",
        }
        objects = (
            service("reviews", 9080),
            pod("reviews", "198.18.1.1"),
            rule("r", "reviews", trafficPolicy={"tls": tls}),
        )
        found, _ = self.accepted(*objects)
        assert found == ("spiffe://other/ns/a/sa/b",)
        assert upstream(resolve(*objects, CALLER), HOST).tls.sni == "own.example.com"


class TestEntries:
    def dns(self, *endpoints: dict[str, Any], subset: str = "", **spec: Any) -> list[tuple[str, int, bool]]:
        snapshot = resolve(
            entry("reviews.default.global", endpoints=list(endpoints), **spec),
            rule("r", "reviews.default.global", subsets={"v2": {"cluster": "cluster2"}}),
            CALLER,
        )
        found = upstream(snapshot, "reviews.default.global", subset=subset)
        assert found.resolution is Resolution.DNS
        return [(one.address, one.port, one.accepts_mtls) for one in found.dns_endpoints]

    def test_endpoint_ports_go_by_the_name_of_the_service_port(self) -> None:
        assert self.dns(remote("198.19.0.12"), {"address": "198.19.0.13"}) == [
            ("198.19.0.12", 15443, False),
            ("198.19.0.13", 9080, False),
        ]

    def test_subset_filters_endpoints(self) -> None:
        assert self.dns(remote("198.19.0.12"), {"address": "198.19.0.13"}, subset="v2") == [
            ("198.19.0.12", 15443, False)
        ]

    def test_host_itself_where_no_endpoint_is_listed(self) -> None:
        assert self.dns() == [("reviews.default.global", 9080, False)]

    def test_label_or_account_says_that_mutual_tls_is_accepted(self) -> None:
        labels = {"security.istio.io/tlsMode": "istio"}
        assert self.dns({"address": "a.example.com", "labels": labels})[0][2]
        assert self.dns({"address": "a.example.com", "serviceAccount": "x"})[0][2]
        disabled = {"security.istio.io/tlsMode": "disabled"}
        assert not self.dns({"address": "a.example.com", "serviceAccount": "x", "labels": disabled})[0][2]

    def test_external_services_get_plain_text_unless_told_otherwise(self) -> None:
        made = entry("api.example.com", location="MESH_EXTERNAL")
        assert upstream(resolve(made, CALLER), "api.example.com").tls.mode is TlsMode.DISABLE
        mutual = rule("r", "api.example.com", tls="ISTIO_MUTUAL")
        assert upstream(resolve(made, mutual, CALLER), "api.example.com").tls.mode is TlsMode.MUTUAL

    def test_static_entry_is_assigned(self) -> None:
        made = entry("db.example.com", resolution="STATIC", endpoints=[{"address": "10.0.0.1", "weight": 3}])
        snapshot = resolve(made, CALLER)
        (assignment,) = snapshot.assignments.values()
        assert [(one.address, one.port, one.weight) for one in assignment.endpoints] == [
            ("10.0.0.1", 9080, 3)
        ]

    def test_kubernetes_wins_for_the_same_host(self) -> None:
        snapshot = resolve(service("reviews", 9080), entry(HOST, endpoints=[remote("198.19.0.12")]), CALLER)
        assert snapshot.services[Hostname(HOST)].is_kubernetes


class TestNetworkViews:
    def test_each_proxy_uses_the_endpoints_of_its_view(self) -> None:
        proxy = {"name": "istio-proxy", "image": "auto"}
        view = [{"name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": "external"}]
        snapshot = resolve(
            entry(
                "reviews.default.global",
                endpoints=[
                    remote("198.19.0.12", network="external"),
                    remote("egress.istio-system.svc.cluster.local"),
                ],
            ),
            rule("r", "reviews.default.global", tls="ISTIO_MUTUAL"),
            CALLER,
            pod("outside", "198.18.1.9", namespace="edge", spec={"containers": [proxy | {"env": view}]}),
        )

        def seen(namespace: str) -> list[str]:
            found = upstream(snapshot, "reviews.default.global", namespace=namespace)
            return [one.address for one in found.dns_endpoints]

        assert seen("default") == ["egress.istio-system.svc.cluster.local"]
        assert seen("edge") == ["198.19.0.12"]


class TestRenewal:
    GLOBAL = "reviews.default.global"

    @pytest.mark.parametrize(
        ("more", "tls", "wanted"),
        [
            ({}, "ISTIO_MUTUAL", RENEWED_AFTER_MS),
            ({"resolution": "STATIC"}, "ISTIO_MUTUAL", RENEWED_AFTER_MS),
            ({}, "DISABLE", 0),
            ({"location": "MESH_EXTERNAL"}, None, 0),
        ],
    )
    def test_connections_that_may_pass_a_gateway_unopened_are_renewed(
        self, more: dict[str, Any], tls: str | None, wanted: int
    ) -> None:
        listed = entry(self.GLOBAL, endpoints=[remote("198.19.0.12")], **more)
        snapshot = resolve(listed, rule("global", "*.global", tls=tls), CALLER)
        assert upstream(snapshot, self.GLOBAL).renewed_after_ms == wanted

    def test_connections_to_pods_last(self) -> None:
        snapshot = resolve(service("reviews", 9080), rule("reviews", HOST, tls="ISTIO_MUTUAL"), CALLER)
        assert upstream(snapshot, HOST).renewed_after_ms == 0

    def test_ending_gateway_waits_until_all_are_renewed(self) -> None:
        assert DRAIN_SECONDS["router"] * 1000 > RENEWED_AFTER_MS


class TestHeadless:
    HEADLESS = service("reviews", 9080, spec={"clusterIP": "None"})

    def test_connections_keep_their_address(self) -> None:
        found = upstream(resolve(self.HEADLESS, pod("reviews", "198.18.1.1"), CALLER), HOST)
        assert found.resolution is Resolution.ORIGINAL_DST
        assert found.tls.mode is TlsMode.MUTUAL

    def test_one_pod_without_sidecar_makes_it_plain(self) -> None:
        pods = [pod("a", "198.18.1.1", app="reviews"), pod("b", "198.18.1.2", app="reviews", sidecar=False)]
        assert upstream(resolve(self.HEADLESS, *pods, CALLER), HOST).tls.mode is TlsMode.DISABLE


def test_service_of_another_namespace_may_be_hidden() -> None:
    hidden = service("reviews", 9080, annotations={"networking.istio.io/exportTo": "."})
    snapshot = resolve(hidden, CALLER, pod("other", "198.18.1.9", namespace="web"))
    seen = {
        key.namespace: [one.key.hostname for one in view.upstreams]
        for key, view in snapshot.sidecar_views.items()
    }

    assert seen == {"default": [HOST], "web": []}
