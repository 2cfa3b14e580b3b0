"""What a DestinationRule says about traffic, but Envoy reads where traffic comes in.

By what requests are told apart for consistent hashing is a setting of routes; how long connections of bytes
live, by what they are hashed, and into which tunnel they go, is one of listeners. Both are copied there from
the upstreams of a view, when its routes are finished; a view without such policies stays as it is.
"""

from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from convoy.mesh.model import (
    PLAIN_CONNECTIONS,
    BoundEgress,
    ConnectionPolicy,
    GatewayHttp,
    GatewayHttps,
    GatewayTcp,
    GatewayView,
    HashPolicy,
    HostRoutes,
    PortRoutes,
    RouteRule,
    SidecarView,
    SniffedRoute,
    TcpRoute,
    Upstream,
    UpstreamKey,
    WeightedUpstream,
)

V = TypeVar("V", SidecarView, GatewayView)

_Hashing = Mapping[UpstreamKey, HashPolicy]
_Connecting = Mapping[UpstreamKey, ConnectionPolicy]


def has_route_policies(upstream: Upstream) -> bool:
    """Whether an upstream has a policy that routes to it must carry."""
    return bool(upstream.balancing.hash_policy) or upstream.connections != PLAIN_CONNECTIONS


def with_route_policies(view: V) -> V:
    """The view with the policies of its upstreams on its routes."""
    hashing = {one.key: policy for one in view.upstreams if (policy := one.balancing.hash_policy)}
    connecting = {one.key: one.connections for one in view.upstreams if one.connections != PLAIN_CONNECTIONS}
    if not hashing and not connecting:
        return view
    if isinstance(view, GatewayView):
        return _of_gateway(view, hashing, connecting)
    return replace(
        view,
        http=tuple(_port(port, hashing) for port in view.http),
        tcp=tuple(_tcp(route, connecting) for route in view.tcp),
        sniffed=tuple(_sniffed(route, hashing, connecting) for route in view.sniffed),
        bound=tuple(_bound(listener, hashing, connecting) for listener in view.bound),
    )


def _of_gateway(view: GatewayView, hashing: _Hashing, connecting: _Connecting) -> GatewayView:
    def routed(server: GatewayHttp | GatewayHttps) -> GatewayHttp | GatewayHttps:
        return replace(server, routes=_port(server.routes, hashing))

    def passed(server: GatewayTcp) -> GatewayTcp:
        return replace(server, route=_tcp(server.route, connecting))

    return replace(
        view,
        http=tuple(map(routed, view.http)),
        https=tuple(map(routed, view.https)),
        tcp=tuple(map(passed, view.tcp)),
    )


def _port(routes: PortRoutes, hashing: _Hashing) -> PortRoutes:
    hosts = tuple(_host(host, hashing) for host in routes.hosts)
    return routes if hosts == routes.hosts else replace(routes, hosts=hosts)


def _host(host: HostRoutes, hashing: _Hashing) -> HostRoutes:
    if not any(one.key in hashing for rule in host.rules for one in rule.destinations):
        return host
    return replace(host, rules=tuple(_rule(rule, hashing) for rule in host.rules))


def _rule(rule: RouteRule, hashing: _Hashing) -> RouteRule:
    policies = tuple(dict.fromkeys(hashing[one.key] for one in rule.destinations if one.key in hashing))
    return replace(rule, hash_policies=policies) if policies else rule


def _tcp(route: TcpRoute, connecting: _Connecting) -> TcpRoute:
    return replace(route, destinations=_destinations(route.destinations, connecting))


def _bound(listener: BoundEgress, hashing: _Hashing, connecting: _Connecting) -> BoundEgress:
    return replace(
        listener,
        routes=_port(listener.routes, hashing) if listener.routes else None,
        tcp=tuple(_tcp(route, connecting) for route in listener.tcp),
    )


def _sniffed(route: SniffedRoute, hashing: _Hashing, connecting: _Connecting) -> SniffedRoute:
    return replace(
        route,
        routes=_port(route.routes, hashing),
        destinations=_destinations(route.destinations, connecting),
    )


def _destinations(
    destinations: tuple[WeightedUpstream, ...], connecting: _Connecting
) -> tuple[WeightedUpstream, ...]:
    return tuple(
        replace(one, connections=connecting[one.key]) if one.key in connecting else one
        for one in destinations
    )
