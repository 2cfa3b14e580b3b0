"""Outbound listeners of a sidecar: `virtualOutbound` takes all captured connections and hands each to the
listener of the address that was dialled, or keeps it where there is none.

A listener that treats its port as HTTP waits for the first bytes however long they take: a client's pool may
open connections ahead of its requests. One that has a better place for bytes than the dialled address stops
waiting after a while, for the server may be the one who speaks first.
"""

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.config.listener.v3 import listener_pb2 as listener_v3
from google.protobuf.wrappers_pb2 import BoolValue

from convoy.xds.build import names, tls
from convoy.xds.build.addresses import listen_address
from convoy.xds.build.alpn_override import build_alpn_override
from convoy.xds.build.http_connection_manager import HttpRole, build_http_filter
from convoy.xds.build.listener_filters import PLAIN_HTTP, http_inspector
from convoy.xds.build.outbound_plan import OutboundListener
from convoy.xds.build.packing import seconds, uint32
from convoy.xds.build.tcp_proxy import build_tcp_proxy, build_tcp_split

DETECTION_SECONDS = 5
"""How long a connection on which nothing is said may be anything; then it carries bytes."""


def build_virtual_outbound(allows_any: bool) -> listener_v3.Listener:
    """The listener to which capture redirects; connections that no other listener wants stay here."""
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
        default_filter_chain=_as_dialled(names.OUTBOUND_CATCHALL, allows_any),
    )


def build_outbound_listener(plan: OutboundListener) -> listener_v3.Listener:
    """A listener that is never bound: `virtualOutbound` hands it connections."""
    listener = listener_v3.Listener(
        name=names.listener(plan.address, plan.port),
        address=listen_address(plan.address, plan.port),
        traffic_direction=core_v3.OUTBOUND,
        bind_to_port=BoolValue(value=False),
    )
    if plan.routes:
        _apply_http(listener, plan)
    else:
        listener.filter_chains.append(_bytes_chain(plan, listener.name))
    return listener


def _apply_http(listener: listener_v3.Listener, plan: OutboundListener) -> None:
    listener.listener_filters.append(http_inspector())
    waits = plan.destinations is None
    listener.listener_filters_timeout.CopyFrom(seconds(0 if waits else DETECTION_SECONDS))
    listener.continue_on_listener_filters_timeout = not waits
    listener.filter_chains.append(
        listener_parts_v3.FilterChain(
            name=listener.name,
            filter_chain_match=listener_parts_v3.FilterChainMatch(application_protocols=PLAIN_HTTP),
            filters=[build_http_filter(HttpRole.OUTBOUND, listener.name, routes=plan.routes)],
        )
    )
    listener.default_filter_chain.CopyFrom(_bytes_chain(plan, names.FALLBACK_CHAIN))


def _bytes_chain(plan: OutboundListener, name: str) -> listener_parts_v3.FilterChain:
    if plan.destinations is None:
        return _as_dialled(name, plan.allows_any)
    chain = listener_parts_v3.FilterChain(name=name)
    if plan.overrides_alpn:
        chain.filters.append(build_alpn_override([tls.ALPN_TCP]))
    chain.filters.append(build_tcp_split(plan.destinations))
    return chain


def _as_dialled(name: str, allows_any: bool) -> listener_parts_v3.FilterChain:
    cluster = names.PASSTHROUGH_CLUSTER if allows_any else names.BLACKHOLE_CLUSTER
    return listener_parts_v3.FilterChain(name=name, filters=[build_tcp_proxy(cluster)])
