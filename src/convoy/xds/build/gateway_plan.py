"""Decide which listeners and route configurations a gateway's view needs, before any of them is built.

Several parts of a view may stand on one address and port: servers that end TLS, connections that are passed
on by their SNI, other clusters' calls. They become the filter chains of one listener. A chain names its
credentials and routes and holds neither, so that a listener changes only when its servers do.
"""

from convoy.api.istio.mesh_config import PathNormalization
from convoy.mesh.model import (
    ALONE,
    GatewayHttp,
    GatewayHttps,
    GatewayTcp,
    GatewayView,
    Part,
    PassthroughRoute,
    Protocol,
    ServerTls,
    Topology,
    UpstreamKey,
    WeightedUpstream,
)
from convoy.xds.build import names
from convoy.xds.build.outbound_plan import RouteTable


class GatewayChain(Part, frozen=True, cache_hash=True):
    """Connections of a listener that are treated alike."""

    name: str
    server_names: tuple[str, ...] = ()
    """SNIs, `*` for any TLS. Empty: whatever comes."""
    tls: ServerTls | None = None
    """How TLS is opened; None: what comes is taken as it is."""
    routes: str = ""
    """The route configuration of the requests; empty: bytes."""
    is_grpc_web: bool = False
    destinations: tuple[WeightedUpstream, ...] = ()
    overrides_alpn: bool = False
    """The bytes go to a cluster that offers the ALPN of HTTP."""
    wants_mesh_alpn: bool = False
    """Only for clients that speak as the mesh does."""


class GatewayListener(Part, frozen=True, cache_hash=True):
    """An address and port (or a unix socket, whose port is 0) that is bound."""

    bind: str
    port: int
    chains: tuple[GatewayChain, ...]
    paths: PathNormalization = PathNormalization.DEFAULT
    topology: Topology = ALONE

    @property
    def name(self) -> str:
        """The listener's name."""
        return names.listener(self.bind, self.port)


def plan_gateway_listeners(view: GatewayView) -> tuple[GatewayListener, ...]:
    """The listeners of a view, by port and address; one that would pass nothing on is not opened."""
    sniffing = {upstream.key for upstream in view.upstreams if upstream.protocol is Protocol.AUTO}
    chains: dict[tuple[int, str], list[GatewayChain]] = {}
    for http in view.http:
        chains.setdefault((http.listen_port, http.bind), []).append(_http_chain(http))
    for https in view.https:
        chains.setdefault((https.listen_port, https.bind), []).append(_https_chain(https))
    for tcp in view.tcp:
        chains.setdefault((tcp.listen_port, tcp.bind), []).append(_tcp_chain(tcp, sniffing))
    for passing in view.passthrough:
        place = (passing.listen_port, passing.bind)
        chains.setdefault(place, []).extend(map(_passing_chain, passing.routes))
    return tuple(
        GatewayListener(bind, port, tuple(chains[port, bind]), view.paths, view.topology)
        for port, bind in sorted(chains)
        if chains[port, bind]
    )


def plan_gateway_routes(view: GatewayView) -> tuple[RouteTable, ...]:
    """The route configurations of a view, by name."""
    tables = {names.gateway_routes(http.listen_port, http.bind): http.routes for http in view.http}
    tables |= {names.gateway_tls_routes(https.server, https.bind): https.routes for https in view.https}
    return tuple(RouteTable(name, tables[name]) for name in sorted(tables))


def _http_chain(http: GatewayHttp) -> GatewayChain:
    return GatewayChain(
        names.listener(http.bind, http.listen_port),
        routes=names.gateway_routes(http.listen_port, http.bind),
        is_grpc_web=http.is_grpc_web,
    )


def _https_chain(https: GatewayHttps) -> GatewayChain:
    routes = names.gateway_tls_routes(https.server, https.bind)
    return GatewayChain(
        routes,
        server_names=https.server_names,
        tls=https.tls,
        routes=routes,
        is_grpc_web=https.is_grpc_web,
    )


def _tcp_chain(tcp: GatewayTcp, sniffing: set[UpstreamKey]) -> GatewayChain:
    place = names.listener(tcp.bind, tcp.listen_port)
    return GatewayChain(
        "_".join((place, *tcp.route.server_names[:1])),
        server_names=tcp.route.server_names,
        tls=tcp.tls,
        destinations=tcp.route.destinations,
        overrides_alpn=any(share.key in sniffing for share in tcp.route.destinations),
    )


def _passing_chain(route: PassthroughRoute) -> GatewayChain:
    return GatewayChain(
        names.upstream(route.key),
        server_names=route.server_names,
        destinations=(WeightedUpstream(route.key, 1),),
        wants_mesh_alpn=True,
    )
