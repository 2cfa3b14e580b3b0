"""Outbound clusters: what a proxy sends to, one per service port and subset."""

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3

from convoy.mesh.model import NOWHERE, Keepalive, Upstream, Vantage
from convoy.xds.build import names
from convoy.xds.build.balancing import apply_balancing
from convoy.xds.build.circuit_breakers import build_circuit_breakers
from convoy.xds.build.discovery import apply_discovery
from convoy.xds.build.http_protocols import spoken_protocol, upstream_options
from convoy.xds.build.outliers import apply_outliers
from convoy.xds.build.packing import milliseconds
from convoy.xds.build.proxy_headers import apply_proxy_header
from convoy.xds.build.upstream_tls import apply_upstream_tls


def build_cluster(upstream: Upstream, sds_folder: str, vantage: Vantage = NOWHERE) -> cluster_v3.Cluster:
    """The Envoy cluster of one upstream; a passthrough upstream carries bytes, whatever its port speaks.

    `vantage` only matters to a cluster that brings its endpoints along, because their names are resolved.
    """
    cluster = cluster_v3.Cluster(
        name=names.upstream(upstream.key),
        connect_timeout=milliseconds(upstream.connect_timeout_ms),
        circuit_breakers=build_circuit_breakers(upstream.pool),
        typed_extension_protocol_options=upstream_options(upstream),
    )
    apply_discovery(cluster, upstream, vantage)
    if cluster.lb_policy != cluster_v3.Cluster.CLUSTER_PROVIDED:
        apply_balancing(cluster, upstream.lb_policy, upstream.balancing)
    apply_outliers(cluster, upstream.outliers)
    if upstream.pool.keepalive:
        apply_keepalive(cluster, upstream.pool.keepalive)
    apply_upstream_tls(cluster, upstream.tls, protocol=spoken_protocol(upstream), sds_folder=sds_folder)
    apply_proxy_header(cluster, upstream.proxy_header)
    return cluster


def apply_keepalive(cluster: cluster_v3.Cluster, keepalive: Keepalive) -> None:
    """Have the operating system find out about peers that are gone."""
    settings = cluster.upstream_connection_options.tcp_keepalive
    settings.SetInParent()
    if keepalive.probes is not None:
        settings.keepalive_probes.value = keepalive.probes
    if keepalive.time_seconds is not None:
        settings.keepalive_time.value = keepalive.time_seconds
    if keepalive.interval_seconds is not None:
        settings.keepalive_interval.value = keepalive.interval_seconds
