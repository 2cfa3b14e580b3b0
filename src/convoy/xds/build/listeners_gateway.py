"""Listeners of a gateway, bound to the ports that its Gateway objects name.

Where TLS ends, the SNI chooses among the servers of a port; where it is passed on, it chooses the upstream.
An SNI that is not listed gets no chain, so the gateway is no open proxy. Calls of other clusters must also
offer an ALPN of the mesh. A sidecar behind the gateway picks its mutual TLS chain by that ALPN; without it a
PERMISSIVE port hands TLS on to the application as it came. So what passes the gateway ends, behind it, where
a certificate of the mesh is demanded.
"""

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.config.listener.v3 import listener_pb2 as listener_v3

from convoy.xds.build import tls
from convoy.xds.build.addresses import bound_address
from convoy.xds.build.connection_chains import build_bytes_chain, connection_match
from convoy.xds.build.downstream_tls import build_server_tls
from convoy.xds.build.gateway_plan import GatewayChain, GatewayListener
from convoy.xds.build.http_connection_manager import HttpRole, build_http_filter
from convoy.xds.build.listener_filters import proxy_protocol, tls_inspector


def build_gateway_listener(plan: GatewayListener, sds_folder: str) -> listener_v3.Listener:
    """One bound port. Raises ValueError without chains: Envoy wants one."""
    if not plan.chains:
        raise ValueError(f"nothing is served on port {plan.port}")
    needs_sni = any(chain.server_names for chain in plan.chains)
    return listener_v3.Listener(
        name=plan.name,
        address=bound_address(plan.bind, plan.port),
        traffic_direction=core_v3.OUTBOUND,
        listener_filters=[
            *([proxy_protocol()] if plan.topology.proxy_protocol else []),
            *([tls_inspector()] if needs_sni else []),
        ],
        filter_chains=[_chain(chain, plan, sds_folder) for chain in plan.chains],
    )


def _chain(plan: GatewayChain, listener: GatewayListener, sds_folder: str) -> listener_parts_v3.FilterChain:
    chain = _requests_chain(plan, listener) if plan.routes else _bytes_chain(plan)
    if plan.server_names:
        chain.filter_chain_match.CopyFrom(connection_match(plan.server_names))
    if plan.wants_mesh_alpn:
        chain.filter_chain_match.application_protocols.extend(tls.MESH_ALPN)
    if plan.tls is not None:
        socket = build_server_tls(plan.tls, is_http=bool(plan.routes), sds_folder=sds_folder)
        chain.transport_socket.CopyFrom(socket)
    return chain


def _requests_chain(plan: GatewayChain, listener: GatewayListener) -> listener_parts_v3.FilterChain:
    requests = build_http_filter(
        HttpRole.GATEWAY,
        listener.name,
        routes=plan.routes,
        grpc_web=plan.is_grpc_web,
        paths=listener.paths,
        topology=listener.topology,
    )
    return listener_parts_v3.FilterChain(name=plan.name, filters=[requests])


def _bytes_chain(plan: GatewayChain) -> listener_parts_v3.FilterChain:
    return build_bytes_chain(
        plan.name, plan.destinations, overrides_alpn=plan.overrides_alpn, is_proven=plan.tls is not None
    )
