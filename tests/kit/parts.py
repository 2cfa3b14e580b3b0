"""Parts of a snapshot as tests write them: what a test does not mention has a plain default."""

from collections.abc import Iterable
from typing import Any

from convoy.api.istio.peer_authentication import MtlsMode
from convoy.api.meta import ClusterID, Hostname, Namespace
from convoy.mesh.model import (
    Assignment,
    DnsEndpoint,
    Endpoint,
    Fallback,
    GatewayView,
    HostRoutes,
    InboundPart,
    InboundPort,
    LbPolicy,
    MeshSettings,
    MeshSnapshot,
    PortRoutes,
    Protocol,
    Resolution,
    RetryPolicy,
    RouteMatch,
    RouteRule,
    RuleRef,
    SidecarView,
    TlsMode,
    Upstream,
    UpstreamKey,
    UpstreamTls,
    ViewKey,
    WeightedUpstream,
    Workload,
)

REVIEWS = "spiffe://cluster.local/ns/default/sa/reviews"
NO_RETRIES = RetryPolicy(0, (), ())
RETRIES = RetryPolicy(2, ("connect-failure", "refused-stream"), (503,))
PLAIN = UpstreamTls(TlsMode.DISABLE)


def fqdn(name: str) -> str:
    return name if "." in name else f"{name}.default.svc.cluster.local"


def key(name: str, port: int = 9080, subset: str = "", *, is_passthrough: bool = False) -> UpstreamKey:
    return UpstreamKey(Hostname(fqdn(name)), port, subset, is_passthrough)


def tls(
    mode: TlsMode = TlsMode.AUTO, *, sni: str = "", identities: Iterable[str] = (REVIEWS,)
) -> UpstreamTls:
    return UpstreamTls(mode, sni or "outbound_.9080_._.reviews.default.svc.cluster.local", tuple(identities))


def upstream(
    upstream_key: UpstreamKey | str,
    *,
    protocol: Protocol = Protocol.HTTP,
    resolution: Resolution = Resolution.ENDPOINTS,
    tls: UpstreamTls = PLAIN,
    lb_policy: LbPolicy = LbPolicy.LEAST_REQUEST,
    dns: Iterable[DnsEndpoint] = (),
) -> Upstream:
    return Upstream(
        key=key(upstream_key) if isinstance(upstream_key, str) else upstream_key,
        protocol=protocol,
        resolution=resolution,
        tls=tls,
        lb_policy=lb_policy,
        connect_timeout_ms=10_000,
        dns_endpoints=tuple(dns),
    )


def endpoint(address: str, port: int = 9080, **others: Any) -> Endpoint:
    fields: dict[str, Any] = {
        "labels": (),
        "accepts_mtls": True,
        "identity": REVIEWS,
        "workload": "",
        "network": "",
        "locality": "",
    }
    return Endpoint(address=address, port=port, **fields | others)


def dns_endpoint(address: str, port: int, *, accepts_mtls: bool = True, locality: str = "") -> DnsEndpoint:
    return DnsEndpoint(address, port, 1, locality, accepts_mtls)


def assignment(upstream_key: UpstreamKey, *endpoints: Endpoint) -> Assignment:
    return Assignment(upstream_key, endpoints)


def to(*shares: tuple[UpstreamKey, int] | UpstreamKey) -> tuple[WeightedUpstream, ...]:
    pairs = (share if isinstance(share, tuple) else (share, 100) for share in shares)
    return tuple(WeightedUpstream(upstream_key, weight) for upstream_key, weight in pairs)


def rule(
    *destinations: tuple[UpstreamKey, int] | UpstreamKey,
    match: RouteMatch | None = None,
    timeout_ms: int = 0,
    retries: RetryPolicy = NO_RETRIES,
    origin: RuleRef | None = None,
    name: str = "",
) -> RouteRule:
    return RouteRule(
        match=match or RouteMatch(),
        destinations=to(*destinations),
        timeout_ms=timeout_ms,
        retries=retries,
        origin=origin,
        name=name,
    )


def host(name: str, *rules: RouteRule, port: int = 9080, domains: Iterable[str] = ()) -> HostRoutes:
    return HostRoutes(fqdn(name), port, tuple(domains) or (fqdn(name),), rules or (rule(key(name, port)),))


def routes(*hosts: HostRoutes, port: int = 9080, fallback: Fallback = Fallback.PASSTHROUGH) -> PortRoutes:
    return PortRoutes(port, hosts, fallback)


def sidecar_view(*upstreams: Upstream, **others: Any) -> SidecarView:
    fields: dict[str, Any] = {"http": (), "tcp": (), "sniffed": (), "allows_any": True}
    return SidecarView(key=VIEW, upstreams=upstreams, **fields | others)


def gateway_view(*upstreams: Upstream, **others: Any) -> GatewayView:
    fields: dict[str, Any] = {"http": (), "passthrough": ()}
    return GatewayView(key=GATEWAY_VIEW, upstreams=upstreams, **fields | others)


def inbound(
    *ports: tuple[int, Protocol, MtlsMode],
    default_mode: MtlsMode = MtlsMode.PERMISSIVE,
    port_modes: tuple[tuple[int, MtlsMode], ...] = (),
    mark: int | None = None,
) -> InboundPart:
    return InboundPart(
        ports=tuple(InboundPort(*port) for port in ports),
        default_mode=default_mode,
        port_modes=port_modes,
        trust_domains=("cluster.local",),
        interception_mark=mark,
    )


def workload(name: str, *, inbound: InboundPart | None = None, view: ViewKey | None = None) -> Workload:
    return Workload(
        name=f"{name}.default",
        namespace=Namespace("default"),
        identity=f"spiffe://cluster.local/ns/default/sa/{name}",
        view=view or VIEW,
        inbound=inbound,
    )


def snapshot(
    *workloads: Workload,
    sidecars: Iterable[SidecarView] = (),
    gateways: Iterable[GatewayView] = (),
    assignments: Iterable[Assignment] = (),
    number: int = 1,
) -> MeshSnapshot:
    return MeshSnapshot(
        number=number,
        settings=MeshSettings(cluster_id=ClusterID("cluster1")),
        services={},
        endpoints={},
        sidecar_views={view.key: view for view in sidecars},
        gateway_views={view.key: view for view in gateways},
        assignments={item.key: item for item in assignments},
        workloads={item.name: item for item in workloads},
        names={},
    )


def view_key(namespace: str = "default", kind: str = "sidecar") -> ViewKey:
    return ViewKey(kind, Namespace(namespace), (), "cluster1")


VIEW = view_key()
GATEWAY_VIEW = view_key("istio-system", "gateway")
