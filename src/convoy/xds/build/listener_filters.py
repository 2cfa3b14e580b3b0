"""Filters that look at a connection before a filter chain is chosen.

The inspectors wait for the client's first bytes, so a protocol whose server speaks first stalls for as long
as the listener lets them wait. They are switched off for ports that do not need them.
"""

from collections.abc import Iterable

from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.extensions.filters.listener.http_inspector.v3 import http_inspector_pb2 as http_inspector_v3
from envoy.extensions.filters.listener.original_dst.v3 import original_dst_pb2 as original_dst_v3
from envoy.extensions.filters.listener.proxy_protocol.v3 import proxy_protocol_pb2 as proxy_protocol_v3
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2 as tls_inspector_v3
from envoy.type.v3 import range_pb2 as range_v3
from google.protobuf.message import Message

from convoy.xds.build.packing import packed

# What http_inspector finds out. HTTP/1.0 counts as bytes, for the HTTP filter would refuse it.
PLAIN_HTTP = ("http/1.1", "h2c")


def original_dst() -> listener_parts_v3.ListenerFilter:
    """Restores the address that was dialled before capture."""
    return _filter("envoy.filters.listener.original_dst", original_dst_v3.OriginalDst())


def tls_inspector(unless_port: Iterable[int] = ()) -> listener_parts_v3.ListenerFilter:
    """Finds out whether a connection is TLS, its SNI and its ALPN."""
    return _filter("envoy.filters.listener.tls_inspector", tls_inspector_v3.TlsInspector(), unless_port)


def proxy_protocol() -> listener_parts_v3.ListenerFilter:
    """Reads who the client is from the header with which its connection begins."""
    return _filter("envoy.filters.listener.proxy_protocol", proxy_protocol_v3.ProxyProtocol())


def http_inspector(unless_port: Iterable[int] = ()) -> listener_parts_v3.ListenerFilter:
    """Finds out whether a connection that is not TLS speaks HTTP."""
    return _filter("envoy.filters.listener.http_inspector", http_inspector_v3.HttpInspector(), unless_port)


def _filter(name: str, config: Message, unless_port: Iterable[int] = ()) -> listener_parts_v3.ListenerFilter:
    result = listener_parts_v3.ListenerFilter(name=name, typed_config=packed(config))
    ports = [_is_port(port) for port in sorted(unless_port)]
    if len(ports) == 1:
        result.filter_disabled.CopyFrom(ports[0])
    elif ports:
        # Envoy wants at least two rules in a disjunction.
        result.filter_disabled.or_match.rules.extend(ports)
    return result


def _is_port(port: int) -> listener_parts_v3.ListenerFilterChainMatchPredicate:
    return listener_parts_v3.ListenerFilterChainMatchPredicate(
        destination_port_range=range_v3.Int32Range(start=port, end=port + 1)
    )
