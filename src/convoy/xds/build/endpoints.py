"""Who serves an upstream: one ClusterLoadAssignment per cluster, its endpoints grouped by locality.

An endpoint that accepts mutual TLS says so in the metadata by which the cluster chooses a transport socket.
"""

from collections.abc import Iterable
from itertools import groupby

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.endpoint.v3 import endpoint_components_pb2 as endpoint_parts_v3
from envoy.config.endpoint.v3 import endpoint_pb2 as endpoint_v3

from convoy.mesh.model import Assignment, DnsEndpoint, Endpoint
from convoy.xds.build import names
from convoy.xds.build.addresses import endpoint_address
from convoy.xds.build.packing import uint32

_SOCKET_MATCH = "envoy.transport_socket_match"


def build_assignment(assignment: Assignment) -> endpoint_v3.ClusterLoadAssignment:
    """The EDS answer for one cluster; without endpoints it says that there are none."""
    return build_load_assignment(names.upstream(assignment.key), assignment.endpoints)


def build_load_assignment(
    cluster: str, endpoints: Iterable[Endpoint | DnsEndpoint]
) -> endpoint_v3.ClusterLoadAssignment:
    """Endpoints by locality, both in sorted order; a locality weighs what its endpoints weigh."""
    in_order = sorted(endpoints, key=lambda endpoint: (endpoint.locality, endpoint.address, endpoint.port))
    return endpoint_v3.ClusterLoadAssignment(
        cluster_name=cluster,
        endpoints=[
            _locality_endpoints(locality, list(members))
            for locality, members in groupby(in_order, key=lambda endpoint: endpoint.locality)
        ],
    )


def _locality_endpoints(
    locality: str, members: list[Endpoint | DnsEndpoint]
) -> endpoint_parts_v3.LocalityLbEndpoints:
    region, zone, sub_zone = (*locality.split("/", 2), "", "")[:3]
    return endpoint_parts_v3.LocalityLbEndpoints(
        locality=core_v3.Locality(region=region, zone=zone, sub_zone=sub_zone),
        lb_endpoints=[_lb_endpoint(member) for member in members],
        load_balancing_weight=uint32(sum(member.weight for member in members)),
    )


def _lb_endpoint(endpoint: Endpoint | DnsEndpoint) -> endpoint_parts_v3.LbEndpoint:
    address = endpoint_address(endpoint.address, endpoint.port)
    result = endpoint_parts_v3.LbEndpoint(
        endpoint=endpoint_parts_v3.Endpoint(address=address), load_balancing_weight=uint32(endpoint.weight)
    )
    if endpoint.accepts_mtls:
        result.metadata.filter_metadata[_SOCKET_MATCH][names.TLS_MODE_LABEL] = names.TLS_MODE_ISTIO
    return result
