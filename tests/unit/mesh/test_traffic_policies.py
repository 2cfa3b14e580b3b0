"""What the blocks of a traffic policy mean for an upstream."""

from typing import Any, ClassVar

import pytest
from tests.unit.mesh.objects import (
    SETTINGS,
    codes,
    entry,
    gateway,
    gateway_pod,
    http_server,
    kube,
    pod,
    problems,
    resolve,
    service,
    sidecars,
    to,
    virtual_service,
)
from tests.unit.mesh.objects import destination_rule as rule
from tests.unit.mesh.objects import upstream as found

from convoy.api.istio.destination_rule import (
    ConnectionPool,
    LocalityLbSetting,
    OutlierDetection,
    TcpPool,
    TrafficPolicy,
)
from convoy.mesh.model import (
    CredentialKey,
    Endpoint,
    HashPolicy,
    HashSource,
    Http2Pings,
    HttpVersion,
    Keepalive,
    KeyFiles,
    LbPolicy,
    LocalityPolicy,
    MeshSettings,
    Outliers,
    Pool,
    ProxyHeader,
    RetryBudget,
    TlsMode,
    TrustFiles,
    Tunnel,
    Upstream,
    Warmup,
)

HOST = "reviews.default.svc.cluster.local"


def made(policy: dict[str, Any], *, settings: MeshSettings = SETTINGS, **more: Any) -> Upstream:
    """The upstream of a service with this traffic policy."""
    objects = (
        service("reviews", 9080),
        pod("reviews", "198.18.1.1"),
        rule("reviews", "reviews", trafficPolicy=policy, **more),
    )
    return found(resolve(*objects, settings=settings), HOST)


def balanced(**balancer: Any) -> Upstream:
    return made({"loadBalancer": balancer})


@pytest.mark.parametrize(
    ("written", "hashing"),
    [
        ({"httpHeaderName": "x-user"}, HashPolicy(HashSource.HEADER, "x-user")),
        ({"httpQueryParameterName": "user"}, HashPolicy(HashSource.QUERY, "user")),
        ({"useSourceIp": True}, HashPolicy(HashSource.SOURCE_IP)),
        ({"httpCookie": {"name": "user"}}, HashPolicy(HashSource.COOKIE, "user")),
        (
            {"httpCookie": {"name": "user", "ttl": "0s", "path": "/x", "attributes": [{"name": "Secure"}]}},
            HashPolicy(HashSource.COOKIE, "user", path="/x", ttl_ms=0, attributes=(("Secure", ""),)),
        ),
    ],
)
def test_consistent_hash_says_by_what_requests_are_told_apart(
    written: dict[str, Any], hashing: HashPolicy
) -> None:
    upstream = balanced(consistentHash=written)
    assert (upstream.lb_policy, upstream.balancing.hash_policy) == (LbPolicy.RING_HASH, hashing)
    assert upstream.balancing.table_size == 1024


@pytest.mark.parametrize(
    ("written", "policy", "size"),
    [
        ({"ringHash": {"minimumRingSize": 7}}, LbPolicy.RING_HASH, 7),
        ({"minimumRingSize": 9}, LbPolicy.RING_HASH, 9),
        ({"maglev": {"tableSize": 101}}, LbPolicy.MAGLEV, 101),
    ],
)
def test_a_table_has_a_size(written: dict[str, Any], policy: LbPolicy, size: int) -> None:
    upstream = balanced(consistentHash={"httpHeaderName": "x-user", **written})
    assert (upstream.lb_policy, upstream.balancing.table_size) == (policy, size)


def test_warmup_is_for_algorithms_that_weigh() -> None:
    assert balanced(warmup={"duration": "3s", "minimumPercent": 0}).balancing.warmup == Warmup(3000, 0.0)
    assert balanced(warmupDurationSecs="4s").balancing.warmup == Warmup(4000)
    assert balanced(simple="RANDOM", warmup={"duration": "3s"}).balancing.warmup is None


def test_a_pool_has_what_is_written_and_no_limit_otherwise() -> None:
    written = {
        "tcp": {
            "maxConnections": 1,
            "maxConnectionDuration": "2s",
            "idleTimeout": "0s",
            "tcpKeepalive": {"probes": 3, "time": "1.7s", "interval": "10ms"},
        },
        "http": {
            "http1MaxPendingRequests": 4,
            "http2MaxRequests": 5,
            "maxRequestsPerConnection": 0,
            "maxRetries": 6,
            "idleTimeout": "7s",
            "h2UpgradePolicy": "UPGRADE",
            "maxConcurrentStreams": 8,
            "http2KeepAlive": {"interval": "9s", "timeout": "10s"},
        },
    }
    upstream = made({"connectionPool": written, "retryBudget": {}})
    assert upstream.pool == Pool(
        max_connections=1,
        max_connection_duration_ms=2000,
        tcp_idle_ms=0,
        keepalive=Keepalive(3, 1, 1),
        max_pending_requests=4,
        max_requests=5,
        max_retries=6,
        http_idle_ms=7000,
        http_version=HttpVersion.HTTP2,
        max_concurrent_streams=8,
        pings=Http2Pings(9000, 10000),
        retry_budget=RetryBudget(20.0, 3),
    )
    assert (upstream.connections.idle_ms, upstream.connections.max_duration_ms) == (0, 2000)


def test_the_mesh_may_upgrade_what_rules_leave_open() -> None:
    upgrading = MeshSettings(cluster_id=SETTINGS.cluster_id, h2_upgrade=True)
    kept = {"connectionPool": {"http": {"h2UpgradePolicy": "DO_NOT_UPGRADE"}}}
    limits = {"connectionPool": {"http": {"maxRetries": 1}}}
    assert made(limits, settings=upgrading).pool.http_version is HttpVersion.HTTP2
    assert made(limits).pool.http_version is None
    assert made(kept, settings=upgrading).pool.http_version is None


def test_outlier_detection_is_on_where_the_block_is() -> None:
    assert made({"outlierDetection": {}}).outliers == Outliers()
    written = {
        "consecutiveErrors": 2,
        "minHealthPercent": 50,
        "outlierDetectionHttpErrorCodes": [503, 429, 503],
    }
    assert made({"outlierDetection": written}).outliers == Outliers(
        consecutive_gateway_failures=2, min_health_percent=50, error_statuses=(429, 503)
    )
    assert made({"loadBalancer": {"simple": "RANDOM"}}).outliers is None


def test_header_and_tunnel_survive_a_ports_policy() -> None:
    at_port = {"port": {"number": 9080}, "loadBalancer": {"simple": "RANDOM"}}
    upstream = made(
        {
            "tls": {"mode": "ISTIO_MUTUAL"},
            "proxyProtocol": {"version": "V2"},
            "retryBudget": {"percent": 1},
            "portLevelSettings": [at_port],
        }
    )
    assert (upstream.tls.mode, upstream.lb_policy) == (TlsMode.AUTO, LbPolicy.RANDOM)
    assert upstream.proxy_header is ProxyHeader.V2
    assert upstream.pool.retry_budget is not None


def test_a_tunnel_ends_at_its_target() -> None:
    upstream = made({"tunnel": {"protocol": "POST", "targetHost": "far.test", "targetPort": 443}})
    assert upstream.connections.tunnel == Tunnel("far.test:443", uses_post=True)


def test_the_meshs_default_fills_in_blocks_that_are_empty() -> None:
    pool = ConnectionPool(tcp=TcpPool(max_connections=7))
    default = TrafficPolicy(outlier_detection=OutlierDetection(), connection_pool=pool)
    settings = MeshSettings(cluster_id=SETTINGS.cluster_id, default_traffic_policy=default)
    upstream = made({"outlierDetection": {"consecutive5xxErrors": 1}}, settings=settings)
    assert upstream.outliers == Outliers(consecutive_5xx=1)
    assert upstream.pool.max_connections == 7


class TestLocalities:
    def policy(self, *, settings: MeshSettings = SETTINGS, **policy: Any) -> LocalityPolicy | None:
        objects = (
            service("reviews", 9080),
            pod("reviews", "198.18.1.1"),
            rule("reviews", "reviews", trafficPolicy=policy),
        )
        (assignment,) = resolve(*objects, settings=settings).assignments.values()
        return assignment.locality

    def test_order_needs_outlier_detection(self) -> None:
        assert self.policy(loadBalancer={"simple": "RANDOM"}) is None
        assert self.policy(outlierDetection={}) == LocalityPolicy(fails_over=True)

    def test_a_rules_setting_goes_before_the_meshs(self) -> None:
        mesh = MeshSettings(
            cluster_id=SETTINGS.cluster_id, locality_lb=LocalityLbSetting(failover_priority=["zone"])
        )
        own = {"localityLbSetting": {"failoverPriority": ["network"]}}
        assert self.policy(settings=mesh, outlierDetection={}) == LocalityPolicy(
            fails_over=True, priority_labels=("zone",)
        )
        assert self.policy(settings=mesh, outlierDetection={}, loadBalancer=own) == LocalityPolicy(
            fails_over=True, priority_labels=("network",)
        )

    def test_it_can_be_switched_off(self) -> None:
        off = {"localityLbSetting": {"enabled": False}}
        assert self.policy(outlierDetection={}, loadBalancer=off) is None

    def test_shares_need_no_outlier_detection_and_weigh_localities(self) -> None:
        shares = {"localityLbSetting": {"distribute": [{"from": "r1/*", "to": {"r2": 100}}]}}
        found = self.policy(loadBalancer=shares)
        assert found
        assert found.distributions
        assert balanced(**shares).balancing.weighs_localities

    def test_endpoints_keep_the_labels_that_order_them(self) -> None:
        objects = (
            service("reviews", 9080),
            pod("reviews", "198.18.1.1", labels={"version": "v1", "else": "x"}),
            rule(
                "reviews",
                "reviews",
                trafficPolicy={
                    "outlierDetection": {},
                    "loadBalancer": {"localityLbSetting": {"failoverPriority": ["version=v1", "else"]}},
                },
            ),
        )
        snapshot = resolve(*objects)
        (assignment,) = snapshot.assignments.values()
        (only,) = assignment.endpoints
        assert isinstance(only, Endpoint)
        assert only.labels == (("else", "x"), ("version", "v1"))
        assert snapshot.workloads["reviews.default"].vantage.labels == only.labels

    def test_the_node_of_a_pod_is_among_its_labels(self) -> None:
        name = "kubernetes.io/hostname"
        order = {"localityLbSetting": {"failoverPriority": [name]}}
        snapshot = resolve(
            service("reviews", 9080),
            pod("reviews", "198.18.1.1", spec={"nodeName": "node-7"}),
            rule("reviews", "reviews", trafficPolicy={"outlierDetection": {}, "loadBalancer": order}),
        )
        (assignment,) = snapshot.assignments.values()
        assert [one.labels for one in assignment.endpoints] == [((name, "node-7"),)]
        assert snapshot.workloads["reviews.default"].vantage.labels == ((name, "node-7"),)

    def test_places_split_neither_views_nor_upstreams(self) -> None:
        places = [
            pod(f"caller-{zone}", f"198.18.1.{10 + zone}", labels={"topology.kubernetes.io/zone": f"z{zone}"})
            for zone in range(3)
        ]
        rules = rule("reviews", "reviews", trafficPolicy={"outlierDetection": {}})
        snapshot = resolve(service("reviews", 9080), *places, rules)
        assert len(snapshot.sidecar_views) == 1
        assert len({one.vantage for one in snapshot.workloads.values()}) == 3
        plain = resolve(service("reviews", 9080), *places)
        assert len({one.vantage for one in plain.workloads.values()}) == 1


class TestOrigination:
    def tls(self, tls: dict[str, Any], **more: Any) -> Any:
        upstream = made({"tls": tls}, **more)
        assert upstream.tls.mode is TlsMode.ORIGINATE
        return upstream.tls.origination

    def test_simple_trusts_the_system_unless_told_whom(self) -> None:
        assert self.tls({"mode": "SIMPLE"}).trust == TrustFiles("/etc/ssl/certs/ca-certificates.crt")
        assert self.tls({"mode": "SIMPLE", "caCertificates": "/a", "caCrl": "/b"}).trust == TrustFiles(
            "/a", "/b"
        )
        assert self.tls({"mode": "SIMPLE", "insecureSkipVerify": True}).trust is None

    def test_mutual_shows_a_key_pair(self) -> None:
        files = {"clientCertificate": "/c", "privateKey": "/k"}
        assert self.tls({"mode": "MUTUAL", **files}).key_pair == KeyFiles("/c", "/k")
        assert self.tls({"mode": "SIMPLE", "subjectAltNames": ["b", "a"]}).names == ("a", "b")

    def test_what_an_entry_states_is_asked_of_the_server(self) -> None:
        snapshot = resolve(
            pod("caller", "198.18.1.2"),
            entry("out.test", location="MESH_EXTERNAL", subjectAltNames=["out.test", "alt.test"]),
            rule("out", "out.test", trafficPolicy={"tls": {"mode": "SIMPLE"}}),
        )
        origination = found(snapshot, "out.test").tls.origination
        assert origination
        assert set(origination.names) == {"out.test", "alt.test"}

    def test_a_sidecar_gets_credentials_only_where_it_is_selected(self) -> None:
        named = {"mode": "MUTUAL", "credentialName": "own"}
        selected = {"workloadSelector": {"matchLabels": {"app": "reviews"}}}
        assert self.tls(named).key_pair is None
        assert self.tls(named, **selected).key_pair == CredentialKey("default", "own")

    def test_a_gateway_gets_those_of_its_own_namespace(self) -> None:
        snapshot = resolve(
            service("reviews", 9080),
            gateway_pod(),
            kube(
                "Service",
                "gateway",
                {"ports": [{"port": 80}], "selector": {"istio": "gateway"}},
                namespace="istio-system",
            ),
            gateway("front", http_server("*")),
            virtual_service("reviews", "reviews.test", to(HOST), gateways=["istio-system/front"]),
            rule("reviews", "reviews", trafficPolicy={"tls": {"mode": "SIMPLE", "credentialName": "own"}}),
        )
        (view,) = snapshot.gateway_views.values()
        (upstream,) = view.upstreams
        assert upstream.tls.origination
        assert upstream.tls.origination.trust == CredentialKey("istio-system", "own")


class TestSelectors:
    SELECTED: ClassVar[dict[str, Any]] = {"workloadSelector": {"matchLabels": {"app": "caller"}}}

    def limits(self, *rules: dict[str, Any]) -> dict[str, int | None]:
        """The limit that each pod's view has."""
        snapshot = resolve(
            service("reviews", 9080), pod("caller", "198.18.1.2"), pod("other", "198.18.1.3"), *rules
        )
        return {
            name: snapshot.sidecar_views[workload.view].upstreams[0].pool.max_connections
            for name, workload in snapshot.workloads.items()
        }

    def limit(self, name: str, number: int, **more: Any) -> dict[str, Any]:
        pool = {"connectionPool": {"tcp": {"maxConnections": number}}}
        return rule(name, HOST, trafficPolicy=pool, **more)

    def test_selected_workloads_have_a_view_of_their_own(self) -> None:
        assert self.limits(self.limit("some", 1, **self.SELECTED), self.limit("all", 2, age=5)) == {
            "caller.default": 1,
            "other.default": 2,
        }

    def test_rules_that_select_alike_are_merged_oldest_first(self) -> None:
        found = self.limits(
            self.limit("a", 1, age=1, **self.SELECTED), self.limit("b", 2, age=3, **self.SELECTED)
        )
        assert found == {"caller.default": 2, "other.default": None}

    def test_other_namespaces_do_not_select(self) -> None:
        found = self.limits(self.limit("far", 1, namespace="istio-system", **self.SELECTED))
        assert found == {"caller.default": None, "other.default": None}

    def test_a_subset_that_only_some_workloads_have_is_no_mistake(self) -> None:
        route = virtual_service("reviews", "reviews", to(("reviews", "v1")))
        there = (service("reviews", 9080), pod("caller", "198.18.1.2", app="reviews"), route)
        selected = rule("some", HOST, subsets={"v1": {"app": "reviews"}}, **self.SELECTED)
        assert "CVY0201" in codes(problems(*there))
        assert "CVY0201" not in codes(problems(*there, selected))

    def test_rules_that_select_differently_do_not_hide_each_other(self) -> None:
        found = problems(
            service("reviews", 9080),
            pod("reviews", "198.18.1.2"),
            self.limit("some", 1, **self.SELECTED),
            self.limit("all", 2),
        )
        assert found == ()

    def test_labels_that_no_rule_selects_split_no_view(self) -> None:
        snapshot = resolve(service("reviews", 9080), pod("a", "198.18.1.2"), pod("b", "198.18.1.3"))
        assert sidecars(snapshot)
