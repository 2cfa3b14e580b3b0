"""Outbound clusters: what a proxy sends to, one per service port and subset.

How endpoints are found follows the service's resolution: listed by the control plane (EDS), resolved by Envoy
(DNS, with the resolver of its bootstrap), or chosen by the application (ORIGINAL_DST).
"""

from envoy.config.cluster.v3 import circuit_breaker_pb2 as circuit_breaker_v3
from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.extensions.clusters.common.dns.v3 import dns_pb2 as dns_common_v3
from envoy.extensions.clusters.dns.v3 import dns_cluster_pb2 as dns_cluster_v3

from convoy.mesh.model import LbPolicy, Protocol, Resolution, Upstream
from convoy.xds.build import names, sources
from convoy.xds.build.endpoints import build_load_assignment
from convoy.xds.build.http_protocols import http_protocol_options
from convoy.xds.build.packing import milliseconds, packed, seconds, uint32
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
    _apply_discovery(cluster, upstream)
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


def _apply_discovery(cluster: cluster_v3.Cluster, upstream: Upstream) -> None:
    if upstream.resolution is Resolution.ORIGINAL_DST:
        cluster.type = cluster_v3.Cluster.ORIGINAL_DST
        cluster.lb_policy = cluster_v3.Cluster.CLUSTER_PROVIDED
        return
    cluster.lb_policy = _LB_POLICIES[upstream.lb_policy]
    if upstream.resolution is Resolution.DNS:
        cluster.cluster_type.CopyFrom(_resolved_by_envoy())
        cluster.load_assignment.CopyFrom(build_load_assignment(cluster.name, upstream.dns_endpoints))
    else:
        cluster.type = cluster_v3.Cluster.EDS
        cluster.eds_cluster_config.eds_config.CopyFrom(sources.over_ads())
        cluster.eds_cluster_config.service_name = cluster.name


def _resolved_by_envoy() -> cluster_v3.Cluster.CustomClusterType:
    """All addresses of all names (STRICT_DNS), asked for again when their TTL ends.

    A failed look-up is repeated soon: without `dns_failure_refresh_rate` a gateway whose name appears a
    moment after its first look-up would stay unreachable for a minute.
    """
    config = dns_cluster_v3.DnsCluster(
        dns_refresh_rate=seconds(60),
        dns_failure_refresh_rate=dns_cluster_v3.DnsCluster.RefreshRate(
            base_interval=seconds(1), max_interval=seconds(10)
        ),
        respect_dns_ttl=True,
        dns_jitter=milliseconds(100),
        dns_lookup_family=dns_common_v3.V4_PREFERRED,
    )
    return cluster_v3.Cluster.CustomClusterType(name="envoy.cluster.dns", typed_config=packed(config))
