"""Listeners of a gateway, bound to the ports that its Gateway objects name.

A passthrough listener opens no TLS: the SNI chooses the upstream, and an SNI that is not listed gets no
chain, so the gateway is no open proxy. It also asks for an ALPN of the mesh. A sidecar behind it picks
its mutual TLS chain by that ALPN; without it a PERMISSIVE port hands TLS on to the application as it
came. So what passes the gateway ends, behind it, where a certificate of the mesh is demanded.
"""

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.config.listener.v3 import listener_pb2 as listener_v3

from convoy.mesh.model import GatewayPassthrough, PassthroughRoute
from convoy.xds.build import names, tls
from convoy.xds.build.addresses import listen_address
from convoy.xds.build.http_connection_manager import HttpRole, build_http_filter
from convoy.xds.build.listener_filters import tls_inspector
from convoy.xds.build.tcp_proxy import build_tcp_proxy


def build_gateway_http_listener(port: int) -> listener_v3.Listener:
    """Plain HTTP from outside the mesh."""
    name = names.listener(names.WILDCARD, port)
    requests = build_http_filter(HttpRole.GATEWAY, name, routes=names.gateway_routes(port))
    return listener_v3.Listener(
        name=name,
        address=listen_address(names.WILDCARD, port),
        traffic_direction=core_v3.OUTBOUND,
        filter_chains=[listener_parts_v3.FilterChain(name=name, filters=[requests])],
    )


def build_passthrough_listener(passthrough: GatewayPassthrough) -> listener_v3.Listener:
    """Connections of other clusters, by SNI. Raises ValueError without routes: Envoy wants a chain."""
    if not passthrough.routes:
        raise ValueError(f"nothing is passed through on port {passthrough.listen_port}")
    return listener_v3.Listener(
        name=names.listener(names.WILDCARD, passthrough.listen_port),
        address=listen_address(names.WILDCARD, passthrough.listen_port),
        traffic_direction=core_v3.OUTBOUND,
        listener_filters=[tls_inspector()],
        filter_chains=[_passthrough_chain(route) for route in passthrough.routes],
    )


def _passthrough_chain(route: PassthroughRoute) -> listener_parts_v3.FilterChain:
    cluster = names.upstream(route.key)
    return listener_parts_v3.FilterChain(
        name=cluster,
        filter_chain_match=listener_parts_v3.FilterChainMatch(
            transport_protocol="tls", server_names=route.server_names, application_protocols=tls.MESH_ALPN
        ),
        filters=[build_tcp_proxy(cluster)],
    )
