"""Decide which listeners and route configurations a sidecar's view needs, before any of them is built.

Envoy takes one listener per address and port, while several parts of a view may want the same one. They are
merged here: HTTP and bytes that share a port become one listener that tells them apart, and the routes of
both kinds of HTTP on a port without an address become one route configuration.
"""

from collections.abc import Mapping

from convoy.mesh.model import (
    Part,
    PortRoutes,
    Protocol,
    SidecarView,
    SniffedRoute,
    UpstreamKey,
    WeightedUpstream,
)
from convoy.xds.build import names

# Envoy's own; a second listener there would make it refuse the whole update.
_TAKEN = (names.VIRTUAL_OUTBOUND_PORT, names.VIRTUAL_INBOUND_PORT)


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


def plan_listeners(view: SidecarView) -> tuple[OutboundListener, ...]:
    """The listeners of a view, without `virtualOutbound`, by address and port."""
    routes = {(names.WILDCARD, ports.port): names.sidecar_routes(ports.port) for ports in view.http}
    routes |= {(sniffed.vip, sniffed.port): _routes_of(sniffed) for sniffed in view.sniffed}
    destinations = {(sniffed.vip, sniffed.port): sniffed.destinations for sniffed in view.sniffed}
    destinations |= {(route.vip, route.port): route.destinations for route in view.tcp}
    sniffing = {upstream.key for upstream in view.upstreams if upstream.protocol is Protocol.AUTO}
    return tuple(
        _listener(place, routes, destinations, sniffing=sniffing, allows_any=view.allows_any)
        for place in sorted(routes.keys() | destinations.keys())
        if place[1] not in _TAKEN
    )


def _listener(
    place: tuple[str, int],
    routes: Mapping[tuple[str, int], str],
    destinations: Mapping[tuple[str, int], tuple[WeightedUpstream, ...]],
    *,
    sniffing: set[UpstreamKey],
    allows_any: bool,
) -> OutboundListener:
    address, port = place
    targets = destinations.get(place)
    return OutboundListener(
        address=address,
        port=port,
        routes=routes.get(place, ""),
        destinations=targets,
        # What no listener decides by need not change it.
        allows_any=allows_any or targets is not None,
        overrides_alpn=any(target.key in sniffing for target in targets or ()),
    )


def _routes_of(sniffed: SniffedRoute) -> str:
    if sniffed.vip == names.WILDCARD or not sniffed.routes.hosts:
        return names.sidecar_routes(sniffed.port)
    return names.sniffed_routes(sniffed.routes.hosts[0].host, sniffed.port)


def _joined(known: PortRoutes, more: PortRoutes) -> PortRoutes:
    hosts = {host.host: host for host in (*more.hosts, *known.hosts)}
    return PortRoutes(known.port, tuple(hosts[name] for name in sorted(hosts)), known.fallback)
