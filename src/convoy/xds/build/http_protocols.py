"""Which HTTP version a cluster speaks to its endpoints, and for how long over one connection."""

from envoy.config.core.v3 import protocol_pb2 as protocol_v3
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2 as http_v3
from google.protobuf.any_pb2 import Any

from convoy.mesh.model import Protocol
from convoy.xds.build.packing import milliseconds, packed

_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def http_protocol_options(protocol: Protocol, *, renewed_after_ms: int = 0) -> dict[str, Any]:
    """The `typed_extension_protocol_options` of a cluster whose port speaks this protocol.

    AUTO repeats what the caller spoke. Ports that carry bytes have none. `renewed_after_ms`: then a
    connection gets no more requests, and ends with the last of those that it has; 0 for never.
    """
    options = _options(protocol)
    if options is None:
        return {}
    if renewed_after_ms:
        options.common_http_protocol_options.max_connection_duration.CopyFrom(milliseconds(renewed_after_ms))
    return {_OPTIONS: packed(options)}


def _options(protocol: Protocol) -> http_v3.HttpProtocolOptions | None:
    if protocol.is_http2:
        return http_v3.HttpProtocolOptions(explicit_http_config=_explicit_http2())
    if protocol is Protocol.HTTP:
        return http_v3.HttpProtocolOptions(explicit_http_config=_explicit_http1())
    if protocol is Protocol.AUTO:
        return http_v3.HttpProtocolOptions(use_downstream_protocol_config=_as_downstream())
    return None


def _explicit_http1() -> http_v3.HttpProtocolOptions.ExplicitHttpConfig:
    return http_v3.HttpProtocolOptions.ExplicitHttpConfig(
        http_protocol_options=protocol_v3.Http1ProtocolOptions()
    )


def _explicit_http2() -> http_v3.HttpProtocolOptions.ExplicitHttpConfig:
    return http_v3.HttpProtocolOptions.ExplicitHttpConfig(
        http2_protocol_options=protocol_v3.Http2ProtocolOptions()
    )


def _as_downstream() -> http_v3.HttpProtocolOptions.UseDownstreamHttpConfig:
    return http_v3.HttpProtocolOptions.UseDownstreamHttpConfig(
        http_protocol_options=protocol_v3.Http1ProtocolOptions(),
        http2_protocol_options=protocol_v3.Http2ProtocolOptions(),
    )
