"""Upstreams that between them use every policy there is."""

from msgspec.structs import replace
from tests.kit.parts import dns_endpoint, key, rule, tls, upstream

from convoy.mesh.model import (
    PLAIN_CONNECTIONS,
    Balancing,
    ConnectionPolicy,
    CredentialKey,
    Distribution,
    HashPolicy,
    HashSource,
    Http2Pings,
    HttpVersion,
    Keepalive,
    KeyFiles,
    LbPolicy,
    LocalityPolicy,
    Origination,
    Outliers,
    Pool,
    Protocol,
    ProxyHeader,
    Resolution,
    RetryBudget,
    RouteRule,
    TlsMode,
    TrustFiles,
    Tunnel,
    Upstream,
    UpstreamTls,
    Utilization,
    Warmup,
    WeightedUpstream,
)

SHARES = LocalityPolicy(distributions=(Distribution("eu/*", (("eu/*", 80), ("us/*", 20))),))
HASHES = (
    HashPolicy(HashSource.HEADER, "x-user"),
    HashPolicy(HashSource.QUERY, "user"),
    HashPolicy(HashSource.SOURCE_IP),
    HashPolicy(HashSource.COOKIE, "user", path="/", ttl_ms=1500, attributes=(("SameSite", "Strict"),)),
)
EVERY_LIMIT = Pool(
    max_connections=1,
    max_pending_requests=2,
    max_requests=3,
    max_retries=4,
    max_requests_per_connection=5,
    max_connection_duration_ms=6000,
    http_idle_ms=7000,
    tcp_idle_ms=8000,
    keepalive=Keepalive(9, 10, 11),
    http_version=HttpVersion.HTTP2,
    max_concurrent_streams=12,
    pings=Http2Pings(13_000, 14_000),
    retry_budget=RetryBudget(15.5, 16, 17_000),
)
EVERY_OUTLIER = Outliers(
    consecutive_5xx=1,
    consecutive_gateway_failures=0,
    splits_local_errors=True,
    consecutive_local_failures=2,
    interval_ms=3000,
    base_ejection_ms=4000,
    max_ejection_percent=50,
    min_health_percent=20,
    error_statuses=(429, 503),
)
MUTUAL = Origination(KeyFiles("/c.pem", "/k.pem"), TrustFiles("/r.pem", "/crl.pem"), ("a.test", "10.0.0.1"))
SIMPLE = Origination(trust=CredentialKey("default", "roots"))


def originating(origination: Origination, *, sni: str = "") -> UpstreamTls:
    """TLS as servers outside the mesh speak it."""
    return UpstreamTls(TlsMode.ORIGINATE, sni, origination=origination)


def everything() -> tuple[Upstream, ...]:
    """One upstream for each policy, or for several that do not exclude each other."""
    ring = Balancing(2048, HASHES[0], weighs_localities=True)
    utilization = Balancing(utilization=Utilization(1, 2, 3, 4, ("named_metrics.x",)), weighs_localities=True)
    return (
        with_policy("ring", lb_policy=LbPolicy.RING_HASH, balancing=ring),
        with_policy("maglev", lb_policy=LbPolicy.MAGLEV, balancing=Balancing(101, HASHES[3])),
        with_policy("turns", lb_policy=LbPolicy.ROUND_ROBIN, balancing=Balancing(warmup=Warmup(1000))),
        with_policy("least", balancing=Balancing(warmup=Warmup(1000, 0.0, 2.5))),
        with_policy("load", lb_policy=LbPolicy.UTILIZATION, balancing=utilization),
        with_policy("limits", pool=EVERY_LIMIT, tls=tls()),
        with_policy("caller", pool=Pool(http_version=HttpVersion.AS_CALLER, max_concurrent_streams=1)),
        with_policy("outliers", outliers=EVERY_OUTLIER),
        with_policy("simple", tls=originating(SIMPLE, sni="b.test"), proxy_header=ProxyHeader.V1),
        with_policy("mutual", tls=originating(MUTUAL), protocol=Protocol.TLS),
        with_policy("unverified", tls=originating(Origination())),
        with_policy("header", tls=tls(), proxy_header=ProxyHeader.V2),
        with_policy(
            "named",
            resolution=Resolution.DNS,
            locality=SHARES,
            dns_endpoints=(
                dns_endpoint("a.example", 80, locality="eu/a"),
                dns_endpoint("b.example", 80, locality="us/b"),
            ),
        ),
        with_policy(
            "tunnel",
            protocol=Protocol.TCP,
            connections=ConnectionPolicy(1000, 2000, hashes_source=True, tunnel=Tunnel("far.test:1")),
        ),
    )


def hashed() -> tuple[RouteRule, ...]:
    """A rule to an upstream that chooses by hash."""
    return (replace(rule(key("ring", 9999)), hash_policies=HASHES),)


def tunnelled() -> tuple[WeightedUpstream, ...]:
    """Where connections of bytes go that have a policy of their own."""
    (upstream,) = (one for one in everything() if one.connections != PLAIN_CONNECTIONS)
    return (WeightedUpstream(upstream.key, 1, connections=upstream.connections),)


def with_policy(name: str, **policies: object) -> Upstream:
    """An upstream with these fields."""
    return replace(upstream(key(name, 9999)), **policies)
