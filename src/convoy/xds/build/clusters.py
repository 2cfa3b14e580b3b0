"""Outbound clusters: what a proxy sends to, one per service port and subset."""

from envoy.config.cluster.v3 import circuit_breaker_pb2 as circuit_breaker_v3
from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3

from convoy.mesh.model import LbPolicy, Protocol, Upstream
from convoy.xds.build import names
from convoy.xds.build.discovery import apply_discovery
from convoy.xds.build.http_protocols import http_protocol_options
from convoy.xds.build.packing import milliseconds, uint32
from convoy.xds.build.upstream_tls import apply_upstream_tls

_NO_LIMIT = 2**32 - 1

_LB_POLICIES = {
    LbPolicy.LEAST_REQUEST: cluster_v3.Cluster.LEAST_REQUEST,
    LbPolicy.ROUND_ROBIN: cluster_v3.Cluster.ROUND_ROBIN,
    LbPolicy.RANDOM: cluster_v3.Cluster.RANDOM,
}


def build_cluster(upstream: Upstream, sds_folder: str) -> cluster_v3.Cluster:
    """The Envoy cluster of one upstream; a passthrough upstream carries bytes, whatever its port speaks."""
    protocol = Protocol.TCP if upstream.key.is_passthrough else upstream.protocol
    cluster = cluster_v3.Cluster(
        name=names.upstream(upstream.key),
        connect_timeout=milliseconds(upstream.connect_timeout_ms),
        circuit_breakers=without_limits(),
        typed_extension_protocol_options=http_protocol_options(
            protocol, renewed_after_ms=upstream.renewed_after_ms
        ),
    )
    cluster.lb_policy = _LB_POLICIES[upstream.lb_policy]
    apply_discovery(cluster, upstream)
    apply_upstream_tls(cluster, upstream.tls, protocol=protocol, sds_folder=sds_folder)
    return cluster


def without_limits() -> circuit_breaker_v3.CircuitBreakers:
    """Envoy's own defaults (1,024 connections, 3 retries) would break busy services nobody set limits for."""
    return circuit_breaker_v3.CircuitBreakers(
        thresholds=[
            circuit_breaker_v3.CircuitBreakers.Thresholds(
                max_connections=uint32(_NO_LIMIT),
                max_pending_requests=uint32(_NO_LIMIT),
                max_requests=uint32(_NO_LIMIT),
                max_retries=uint32(_NO_LIMIT),
                track_remaining=True,
            )
        ]
    )
