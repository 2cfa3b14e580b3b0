"""What a cluster speaks to its endpoints when it sends requests, and how it uses its connections."""

from envoy.config.core.v3 import protocol_pb2 as protocol_v3
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2 as http_v3
from google.protobuf.any_pb2 import Any

from convoy.mesh.model import UNLIMITED, HttpVersion, Pool, Protocol, TlsMode, Upstream
from convoy.xds.build.outliers import build_error_matcher
from convoy.xds.build.packing import milliseconds, packed

_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

_AS_PORT_SAYS = {HttpVersion.HTTP2: Protocol.HTTP2, HttpVersion.AS_CALLER: Protocol.AUTO}


def spoken_protocol(upstream: Upstream) -> Protocol:
    """What is spoken to an upstream: what its port says, unless its pool says otherwise of requests.

    A passthrough upstream carries bytes, whatever its port speaks. AUTO repeats what the caller spoke.
    """
    if upstream.key.is_passthrough:
        return Protocol.TCP
    version = upstream.pool.http_version
    if version is None or not (upstream.protocol.is_http or upstream.protocol is Protocol.AUTO):
        return upstream.protocol
    return _AS_PORT_SAYS[version]


def upstream_options(upstream: Upstream) -> dict[str, Any]:
    """The `typed_extension_protocol_options` of an upstream's cluster.

    Ports that carry bytes have some only where requests may come to them all the same: such as those to which
    TLS is started for a VirtualService's HTTP rules.
    """
    protocol, pool = spoken_protocol(upstream), upstream.pool
    statuses = upstream.outliers.error_statuses if upstream.outliers else ()
    options = _options(protocol, pool)
    if options is None:
        if upstream.key.is_passthrough or not (_asks_for_requests(upstream) or statuses):
            return {}
        options = http_v3.HttpProtocolOptions(explicit_http_config=_explicit_http1())
    _apply_lifetimes(options, pool, upstream.renewed_after_ms)
    if upstream.tls.mode is TlsMode.ORIGINATE:
        _apply_automatic_names(options, upstream)
    if statuses:
        options.outlier_detection.error_matcher.CopyFrom(build_error_matcher(statuses))
    return {_OPTIONS: packed(options)}


def http_protocol_options(protocol: Protocol) -> dict[str, Any]:
    """The same for a cluster that no rule is about: the port's protocol, and nothing else."""
    options = _options(protocol, UNLIMITED)
    return {} if options is None else {_OPTIONS: packed(options)}


def _asks_for_requests(upstream: Upstream) -> bool:
    pool = upstream.pool
    limits = (pool.max_requests_per_connection, pool.http_idle_ms)
    return upstream.tls.mode is TlsMode.ORIGINATE or any(limit is not None for limit in limits)


def _options(protocol: Protocol, pool: Pool) -> http_v3.HttpProtocolOptions | None:
    if protocol.is_http2:
        explicit = http_v3.HttpProtocolOptions.ExplicitHttpConfig(http2_protocol_options=_http2(pool))
        return http_v3.HttpProtocolOptions(explicit_http_config=explicit)
    if protocol is Protocol.HTTP:
        return http_v3.HttpProtocolOptions(explicit_http_config=_explicit_http1())
    if protocol is Protocol.AUTO:
        return http_v3.HttpProtocolOptions(
            use_downstream_protocol_config=http_v3.HttpProtocolOptions.UseDownstreamHttpConfig(
                http_protocol_options=protocol_v3.Http1ProtocolOptions(), http2_protocol_options=_http2(pool)
            )
        )
    return None


def _explicit_http1() -> http_v3.HttpProtocolOptions.ExplicitHttpConfig:
    return http_v3.HttpProtocolOptions.ExplicitHttpConfig(
        http_protocol_options=protocol_v3.Http1ProtocolOptions()
    )


def _http2(pool: Pool) -> protocol_v3.Http2ProtocolOptions:
    options = protocol_v3.Http2ProtocolOptions()
    if pool.max_concurrent_streams is not None:
        options.max_concurrent_streams.value = pool.max_concurrent_streams
    if pool.pings:
        options.connection_keepalive.interval.CopyFrom(milliseconds(pool.pings.interval_ms))
        options.connection_keepalive.timeout.CopyFrom(milliseconds(pool.pings.timeout_ms))
    return options


def _apply_lifetimes(options: http_v3.HttpProtocolOptions, pool: Pool, renewed_after_ms: int) -> None:
    """After its time a connection gets no more requests, and ends with the last of those that it has."""
    common = options.common_http_protocol_options
    duration = pool.max_connection_duration_ms or renewed_after_ms
    if duration:
        common.max_connection_duration.CopyFrom(milliseconds(duration))
    if pool.max_requests_per_connection is not None:
        common.max_requests_per_connection.value = pool.max_requests_per_connection
    if pool.http_idle_ms is not None:
        common.idle_timeout.CopyFrom(milliseconds(pool.http_idle_ms))


def _apply_automatic_names(options: http_v3.HttpProtocolOptions, upstream: Upstream) -> None:
    """Without an SNI of its own a cluster sends the host of the request, and asks for a certificate of it."""
    origination = upstream.tls.origination
    if upstream.tls.sni or origination is None:
        return
    automatic = options.upstream_http_protocol_options
    automatic.auto_sni = True
    automatic.auto_san_validation = origination.trust is not None and not origination.names
