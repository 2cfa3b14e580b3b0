"""Decide on the listeners and route configurations of egress listeners that have an address of their own.

What comes to such a place was meant for it: HTTP needs no looking for where nothing else is served, and there
is no dialled address to which the rest could go.
"""

from convoy.mesh.model import BoundEgress, Protocol, Resolution, SidecarView
from convoy.xds.build import names
from convoy.xds.build.outbound_plan import (
    OutboundChain,
    OutboundListener,
    RouteTable,
    has_any,
    resolved_port,
)


def plan_bound_routes(view: SidecarView) -> tuple[RouteTable, ...]:
    """The route configurations of these listeners."""
    return tuple(RouteTable(_routes_name(one), one.routes) for one in view.bound if one.routes)


def plan_bound_listeners(view: SidecarView) -> tuple[OutboundListener, ...]:
    """These listeners, by address and port."""
    return tuple(_listener(one, view) for one in view.bound)


def _listener(one: BoundEgress, view: SidecarView) -> OutboundListener:
    sniffing = {upstream.key for upstream in view.upstreams if upstream.protocol is Protocol.AUTO}
    dynamic = {each.key: each for each in view.upstreams if each.resolution is Resolution.DYNAMIC_DNS}
    plain = next((route.destinations for route in one.tcp if not route.server_names), None)
    return OutboundListener(
        address=one.address,
        port=one.port,
        routes=_routes_name(one) if one.routes else "",
        destinations=plain,
        allows_any=False,
        overrides_alpn=has_any(plain or (), sniffing),
        chains=tuple(
            OutboundChain(
                route.destinations,
                server_names=route.server_names,
                overrides_alpn=has_any(route.destinations, sniffing),
                resolves_sni=resolved_port(route.destinations, dynamic),
            )
            for route in one.tcp
            if route.server_names
        ),
        detection_ms=view.detection_ms if plain and (one.routes or len(one.tcp) > 1) else 0,
        grpc_web=_serves(one, view, Protocol.GRPC_WEB),
        resolves_hosts=view.resolves_any or any(one.port in (0, key.port) for key in dynamic),
        is_bound=one.is_bound,
        is_own=True,
        paths=view.paths,
    )


def _routes_name(one: BoundEgress) -> str:
    return names.HTTP_PROXY_ROUTES if one.is_mesh_proxy else names.bound_routes(one.address, one.port)


def _serves(one: BoundEgress, view: SidecarView, protocol: Protocol) -> bool:
    ports = {upstream.key.port for upstream in view.upstreams if upstream.protocol is protocol}
    return one.routes is not None and (one.port in ports or (one.routes.port == 0 and bool(ports)))
