"""Clusters that every sidecar has, whatever services there are."""

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3

from convoy.mesh.model import Protocol
from convoy.xds.build import names
from convoy.xds.build.circuit_breakers import without_limits
from convoy.xds.build.dynamic_dns import dynamic_cluster_type
from convoy.xds.build.http_protocols import http_protocol_options
from convoy.xds.build.packing import seconds


def build_blackhole_cluster() -> cluster_v3.Cluster:
    """No endpoints: what is sent there is closed."""
    return cluster_v3.Cluster(name=names.BLACKHOLE_CLUSTER, type=cluster_v3.Cluster.STATIC)


def build_passthrough_cluster() -> cluster_v3.Cluster:
    """The address that the application dialled, in plain text as it was sent."""
    return cluster_v3.Cluster(
        name=names.PASSTHROUGH_CLUSTER,
        type=cluster_v3.Cluster.ORIGINAL_DST,
        lb_policy=cluster_v3.Cluster.CLUSTER_PROVIDED,
        connect_timeout=seconds(10),
        circuit_breakers=without_limits(),
        typed_extension_protocol_options=http_protocol_options(Protocol.AUTO),
    )


def build_dynamic_dns_cluster() -> cluster_v3.Cluster:
    """The host that a request names, in plain text as it was sent."""
    return cluster_v3.Cluster(
        name=names.DYNAMIC_DNS_CLUSTER,
        cluster_type=dynamic_cluster_type(),
        lb_policy=cluster_v3.Cluster.CLUSTER_PROVIDED,
        connect_timeout=seconds(10),
        circuit_breakers=without_limits(),
        typed_extension_protocol_options=http_protocol_options(Protocol.AUTO),
    )
