"""Decide which listeners and route configurations a sidecar's view needs, before any of them is built.

Envoy takes one listener per address and port, while several parts of a view may want the same one. They are
merged here: HTTP and bytes that share a port become one listener that tells them apart, connections of
certain SNIs or to certain networks get filter chains of their own, and the routes of both kinds of HTTP on a
port without an address become one route configuration.
"""

from collections.abc import Iterable, Mapping

import msgspec

from convoy.api.istio.mesh_config import PathNormalization
from convoy.mesh.model import (
    Part,
    PortRoutes,
    Protocol,
    Resolution,
    SidecarView,
    SniffedRoute,
    Upstream,
    UpstreamKey,
    WeightedUpstream,
)
from convoy.xds.build import names

# Envoy's own; a second listener there would make it refuse the whole update.
_TAKEN = (names.VIRTUAL_OUTBOUND_PORT, names.VIRTUAL_INBOUND_PORT)

_Place = tuple[str, int]


class OutboundChain(Part, frozen=True, cache_hash=True):
    """Connections of a listener that are told from the others by their SNI or the network they go to."""

    destinations: tuple[WeightedUpstream, ...]
    server_names: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    routes: str = ""
    """The route configuration for those of them that are HTTP; empty: none is treated as HTTP."""
    overrides_alpn: bool = False
    """The bytes go to a cluster that offers the ALPN of HTTP."""
    resolves_sni: int = 0
    """They go to this port of the name that the SNI says; 0: to the destinations as they are."""


class OutboundListener(Part, frozen=True, cache_hash=True):
    """One listener for captured connections to an address and port."""

    address: str
    port: int
    routes: str = ""
    """The route configuration for HTTP; empty: nothing here is treated as HTTP."""
    destinations: tuple[WeightedUpstream, ...] | None = None
    """Where bytes go; None: where the application dialled, if that is allowed."""
    allows_any: bool = True
    overrides_alpn: bool = False
    """The bytes go to a cluster that offers the ALPN of HTTP."""
    chains: tuple[OutboundChain, ...] = ()
    detection_ms: int = 0
    """How long a silent connection may be anything; 0: for ever."""
    grpc_web: bool = False
    """Some service on this port is called over gRPC-Web and speaks gRPC."""
    resolves_hosts: bool = False
    """Some service on this port is whatever host a request names."""
    egress_proxy: UpstreamKey | None = None
    """Where bytes go that would go where the application dialled."""
    is_own: bool = False
    """The address is the listener's own, and not that of a service."""
    is_bound: bool = False
    """Connections are made to the listener itself."""
    paths: PathNormalization = PathNormalization.DEFAULT


class RouteTable(Part, frozen=True, cache_hash=True):
    """A route configuration by the name under which listeners ask for it."""

    name: str
    routes: PortRoutes


def plan_routes(view: SidecarView) -> tuple[RouteTable, ...]:
    """The route configurations of a view, by name."""
    tables = {names.sidecar_routes(routes.port): routes for routes in view.http}
    for sniffed in view.sniffed:
        name = _routes_of(sniffed)
        known = tables.get(name)
        tables[name] = sniffed.routes if known is None else _joined(known, sniffed.routes)
    return tuple(RouteTable(name, tables[name]) for name in sorted(tables))


def concerns_listeners(upstream: Upstream) -> bool:
    """Whether listeners are others because a view has an upstream."""
    is_named = upstream.resolution is Resolution.DYNAMIC_DNS
    return is_named or upstream.protocol in (Protocol.AUTO, Protocol.GRPC_WEB)


def plan_listeners(view: SidecarView) -> tuple[OutboundListener, ...]:
    """The listeners of a view, without `virtualOutbound`, by address and port."""
    sniffing = {upstream.key for upstream in view.upstreams if upstream.protocol is Protocol.AUTO}
    grpc_web = {one.key.port for one in view.upstreams if one.protocol is Protocol.GRPC_WEB}
    dynamic = {one.key: one for one in view.upstreams if one.resolution is Resolution.DYNAMIC_DNS}
    resolving = {key.port for key in dynamic}
    routes = _route_names(view)
    destinations = _destinations(view)
    chains = _chains(view, sniffing, dynamic)
    return tuple(
        _listener(
            place,
            view,
            routes=routes.get(place, ""),
            destinations=destinations.get(place),
            chains=tuple(chains.get(place, ())),
            overrides_alpn=has_any(destinations.get(place, ()), sniffing),
            grpc_web=place in routes and place[1] in grpc_web,
            resolves_hosts=place in routes and (view.resolves_any or place[1] in resolving),
        )
        for place in sorted(routes.keys() | destinations.keys() | chains.keys())
        if place[1] not in _TAKEN
    )


def _route_names(view: SidecarView) -> dict[_Place, str]:
    routes = {(names.WILDCARD, ports.port): names.sidecar_routes(ports.port) for ports in view.http}
    return routes | {
        (sniffed.vip, sniffed.port): _routes_of(sniffed) for sniffed in view.sniffed if not sniffed.subnets
    }


def _destinations(view: SidecarView) -> dict[_Place, tuple[WeightedUpstream, ...]]:
    """Where bytes go that no chain of their own takes."""
    found = {(one.vip, one.port): one.destinations for one in view.sniffed if not one.subnets}
    return found | {
        (one.vip, one.port): one.destinations for one in view.tcp if not one.subnets and not one.server_names
    }


def _chains(
    view: SidecarView, sniffing: set[UpstreamKey], dynamic: Mapping[UpstreamKey, Upstream]
) -> dict[_Place, list[OutboundChain]]:
    chains: dict[_Place, list[OutboundChain]] = {}
    for sniffed in view.sniffed:
        if sniffed.subnets:
            chains.setdefault((sniffed.vip, sniffed.port), []).append(
                OutboundChain(
                    sniffed.destinations,
                    subnets=sniffed.subnets,
                    routes=_routes_of(sniffed),
                    overrides_alpn=has_any(sniffed.destinations, sniffing),
                )
            )
    for route in view.tcp:
        if route.server_names or route.subnets:
            chains.setdefault((route.vip, route.port), []).append(
                OutboundChain(
                    route.destinations,
                    server_names=route.server_names,
                    subnets=route.subnets,
                    overrides_alpn=has_any(route.destinations, sniffing),
                    resolves_sni=resolved_port(route.destinations, dynamic),
                )
            )
    return chains


def _listener(
    place: _Place,
    view: SidecarView,
    *,
    routes: str,
    destinations: tuple[WeightedUpstream, ...] | None,
    chains: tuple[OutboundChain, ...],
    overrides_alpn: bool,
    grpc_web: bool,
    resolves_hosts: bool,
) -> OutboundListener:
    has_place = destinations is not None
    # What no listener decides by need not change it.
    return OutboundListener(
        address=place[0],
        port=place[1],
        routes=routes,
        destinations=destinations,
        allows_any=view.allows_any or has_place,
        overrides_alpn=overrides_alpn,
        chains=chains,
        detection_ms=view.detection_ms if has_place and (routes or chains) else 0,
        grpc_web=grpc_web,
        resolves_hosts=resolves_hosts,
        egress_proxy=None if has_place else view.egress_proxy,
        paths=view.paths,
    )


def has_any(destinations: Iterable[WeightedUpstream], keys: set[UpstreamKey]) -> bool:
    """Whether one of the destinations is one of these upstreams."""
    return any(destination.key in keys for destination in destinations)


def resolved_port(destinations: Iterable[WeightedUpstream], dynamic: Mapping[UpstreamKey, Upstream]) -> int:
    """The port of that destination whose host is resolved by the name that is asked for; 0: there is none."""
    named = (dynamic[one.key] for one in destinations if one.key in dynamic)
    return next((upstream.override_port or upstream.key.port for upstream in named), 0)


def _routes_of(sniffed: SniffedRoute) -> str:
    is_for_all = sniffed.vip == names.WILDCARD and not sniffed.subnets
    if is_for_all or not sniffed.routes.hosts:
        return names.sidecar_routes(sniffed.port)
    return names.sniffed_routes(sniffed.routes.hosts[0].host, sniffed.port)


def _joined(known: PortRoutes, more: PortRoutes) -> PortRoutes:
    hosts = {host.host: host for host in (*more.hosts, *known.hosts)}
    return msgspec.structs.replace(known, hosts=tuple(hosts[name] for name in sorted(hosts)))
