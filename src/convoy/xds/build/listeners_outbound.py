"""Outbound listeners of a sidecar: `virtualOutbound` takes all captured connections and hands each to the
listener of the address that was dialled, or keeps it where there is none.

A listener that treats its port as HTTP, or tells services by their SNI, waits for the first bytes however
long they take: a client's pool may open connections ahead of its requests. One that has a better place for
bytes than the dialled address stops waiting after a while, for the server may be the one who speaks first.
"""

from collections.abc import Iterator

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.config.listener.v3 import listener_pb2 as listener_v3
from google.protobuf.wrappers_pb2 import BoolValue

from convoy.mesh.model import UpstreamKey
from convoy.xds.build import names
from convoy.xds.build.addresses import bound_address, listen_address
from convoy.xds.build.connection_chains import (
    PLAIN,
    build_bytes_chain,
    build_matched_chain,
    connection_match,
)
from convoy.xds.build.http_connection_manager import HttpRole, build_http_filter
from convoy.xds.build.listener_filters import PLAIN_HTTP, http_inspector, tls_inspector
from convoy.xds.build.outbound_plan import OutboundChain, OutboundListener
from convoy.xds.build.packing import milliseconds, uint32
from convoy.xds.build.tcp_proxy import build_tcp_proxy


def build_virtual_outbound(allows_any: bool, egress_proxy: UpstreamKey | None = None) -> listener_v3.Listener:
    """The listener to which capture redirects; connections that no other listener wants stay here, and go to
    an egress proxy, if there is one.
    """
    return listener_v3.Listener(
        name=names.VIRTUAL_OUTBOUND,
        address=listen_address(names.WILDCARD, names.VIRTUAL_OUTBOUND_PORT),
        traffic_direction=core_v3.OUTBOUND,
        use_original_dst=BoolValue(value=True),
        filter_chains=[
            listener_parts_v3.FilterChain(
                name=names.OUTBOUND_BLACKHOLE,
                # Dialled directly, passing it on would be a loop.
                filter_chain_match=listener_parts_v3.FilterChainMatch(
                    destination_port=uint32(names.VIRTUAL_OUTBOUND_PORT)
                ),
                filters=[build_tcp_proxy(names.BLACKHOLE_CLUSTER)],
            )
        ],
        default_filter_chain=_as_dialled(names.OUTBOUND_CATCHALL, allows_any, egress_proxy),
    )


def build_outbound_listener(plan: OutboundListener) -> listener_v3.Listener:
    """A listener to which `virtualOutbound` hands connections; it is bound only where they are made to it."""
    name = names.listener(plan.address, plan.port)
    listener = listener_v3.Listener(
        name=names.bound_listener(plan.address, plan.port) if plan.is_bound else name,
        address=bound_address(plan.address, plan.port),
        traffic_direction=core_v3.OUTBOUND,
        bind_to_port=BoolValue(value=plan.is_bound),
    )
    if plan.is_own and plan.routes and plan.destinations is None and not plan.chains:
        listener.filter_chains.append(_only_http_chain(plan, name))
        return listener
    if not plan.routes and not plan.chains:
        listener.filter_chains.append(_other_chain(plan, name))
        return listener
    _apply_inspection(listener, plan)
    for chain in plan.chains:
        listener.filter_chains.extend(_own_chains(plan, chain, name))
    if plan.routes:
        listener.filter_chains.append(_http_chain(plan, plan.routes, name))
    listener.default_filter_chain.CopyFrom(_other_chain(plan, names.FALLBACK_CHAIN))
    return listener


def _apply_inspection(listener: listener_v3.Listener, plan: OutboundListener) -> None:
    if _tells_tls(plan):
        listener.listener_filters.append(tls_inspector())
    if plan.routes or any(chain.routes for chain in plan.chains):
        listener.listener_filters.append(http_inspector())
    if not listener.listener_filters:
        return
    waits = plan.destinations is None or not plan.detection_ms
    listener.listener_filters_timeout.CopyFrom(milliseconds(0 if waits else plan.detection_ms))
    listener.continue_on_listener_filters_timeout = not waits


def _own_chains(
    plan: OutboundListener, chain: OutboundChain, name: str
) -> Iterator[listener_parts_v3.FilterChain]:
    if chain.routes:
        yield _http_chain(plan, chain.routes, name, subnets=chain.subnets)
    yield build_matched_chain(
        name,
        chain.destinations,
        server_names=chain.server_names,
        subnets=chain.subnets,
        overrides_alpn=chain.overrides_alpn,
        resolves_sni=chain.resolves_sni,
    )


def _only_http_chain(plan: OutboundListener, name: str) -> listener_parts_v3.FilterChain:
    chain = _http_chain(plan, plan.routes, name)
    chain.ClearField("filter_chain_match")
    return chain


def _http_chain(
    plan: OutboundListener, routes: str, name: str, *, subnets: tuple[str, ...] = ()
) -> listener_parts_v3.FilterChain:
    match = connection_match(subnets=subnets)
    match.application_protocols.extend(PLAIN_HTTP)
    if _tells_tls(plan):
        # A TLS client may offer `http/1.1`, too.
        match.transport_protocol = PLAIN
    requests = build_http_filter(
        HttpRole.OUTBOUND,
        name,
        routes=routes,
        grpc_web=plan.grpc_web,
        resolves_hosts=plan.resolves_hosts,
        paths=plan.paths,
    )
    return listener_parts_v3.FilterChain(name=name, filter_chain_match=match, filters=[requests])


def _tells_tls(plan: OutboundListener) -> bool:
    return any(chain.server_names for chain in plan.chains)


def _other_chain(plan: OutboundListener, name: str) -> listener_parts_v3.FilterChain:
    if plan.destinations is None:
        return _as_dialled(name, plan.allows_any, plan.egress_proxy)
    return build_bytes_chain(name, plan.destinations, overrides_alpn=plan.overrides_alpn)


def _as_dialled(
    name: str, allows_any: bool, egress_proxy: UpstreamKey | None
) -> listener_parts_v3.FilterChain:
    cluster = names.PASSTHROUGH_CLUSTER if allows_any else names.BLACKHOLE_CLUSTER
    if egress_proxy:
        cluster = names.upstream(egress_proxy)
    return listener_parts_v3.FilterChain(name=name, filters=[build_tcp_proxy(cluster)])
