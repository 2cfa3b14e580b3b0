"""How a cluster finds its endpoints.

Told by the control plane (EDS), resolved by Envoy (DNS, with the resolver of its bootstrap), or chosen by the
application (ORIGINAL_DST, or the name it asks for).
"""

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.extensions.clusters.common.dns.v3 import dns_pb2 as dns_common_v3
from envoy.extensions.clusters.dns.v3 import dns_cluster_pb2 as dns_cluster_v3

from convoy.mesh.model import NOWHERE, Resolution, Upstream, Vantage
from convoy.xds.build import sources
from convoy.xds.build.dynamic_dns import dynamic_cluster_type
from convoy.xds.build.endpoints import build_load_assignment
from convoy.xds.build.packing import milliseconds, packed, seconds

_MINUTE_MS = 60_000


def apply_discovery(cluster: cluster_v3.Cluster, upstream: Upstream, vantage: Vantage = NOWHERE) -> None:
    """Set the cluster's type and what belongs to it; a type that leaves no choice among endpoints brings its
    own load balancing policy, whatever was set before.
    """
    if upstream.resolution is Resolution.ORIGINAL_DST:
        _apply_original_destination(cluster, upstream.override_port)
    elif upstream.resolution is Resolution.DYNAMIC_DNS:
        cluster.cluster_type.CopyFrom(dynamic_cluster_type())
        cluster.lb_policy = cluster_v3.Cluster.CLUSTER_PROVIDED
    elif upstream.resolution.is_dns:
        _apply_dns(cluster, upstream, vantage)
    else:
        cluster.type = cluster_v3.Cluster.EDS
        cluster.eds_cluster_config.eds_config.CopyFrom(sources.over_ads())
        cluster.eds_cluster_config.service_name = cluster.name


def _apply_original_destination(cluster: cluster_v3.Cluster, override_port: int) -> None:
    cluster.type = cluster_v3.Cluster.ORIGINAL_DST
    cluster.lb_policy = cluster_v3.Cluster.CLUSTER_PROVIDED
    if override_port:
        cluster.original_dst_lb_config.upstream_port_override.value = override_port


def _apply_dns(cluster: cluster_v3.Cluster, upstream: Upstream, vantage: Vantage) -> None:
    endpoints = upstream.dns_endpoints
    # Envoy refuses such a cluster with several names, or with none.
    is_logical = upstream.resolution is Resolution.LOGICAL_DNS and bool(endpoints)
    cluster.cluster_type.CopyFrom(
        _resolved_by_envoy(all_addresses_in_single_endpoint=is_logical, refresh_ms=upstream.dns_refresh_ms)
    )
    shown = endpoints[:1] if is_logical else endpoints
    cluster.load_assignment.CopyFrom(
        build_load_assignment(cluster.name, shown, policy=upstream.locality, vantage=vantage)
    )


def _resolved_by_envoy(
    *, all_addresses_in_single_endpoint: bool, refresh_ms: int
) -> cluster_v3.Cluster.CustomClusterType:
    """All addresses of all names (STRICT_DNS), or those of one name as one endpoint (LOGICAL_DNS), asked for
    again when their TTL ends.

    A failed look-up is repeated soon: without `dns_failure_refresh_rate` a gateway whose name appears a
    moment after its first look-up would stay unreachable for a minute.
    """
    config = dns_cluster_v3.DnsCluster(
        dns_refresh_rate=milliseconds(refresh_ms or _MINUTE_MS),
        dns_failure_refresh_rate=dns_cluster_v3.DnsCluster.RefreshRate(
            base_interval=seconds(1), max_interval=seconds(10)
        ),
        respect_dns_ttl=True,
        dns_jitter=milliseconds(100),
        dns_lookup_family=dns_common_v3.V4_PREFERRED,
        all_addresses_in_single_endpoint=all_addresses_in_single_endpoint,
    )
    return cluster_v3.Cluster.CustomClusterType(name="envoy.cluster.dns", typed_config=packed(config))
