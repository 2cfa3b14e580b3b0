"""Who serves an upstream: one ClusterLoadAssignment per cluster, its endpoints by priority and locality.

An endpoint that accepts mutual TLS says so in the metadata by which the cluster chooses a transport socket.
"""

from collections.abc import Iterable

import msgspec
from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.endpoint.v3 import endpoint_components_pb2 as endpoint_parts_v3
from envoy.config.endpoint.v3 import endpoint_pb2 as endpoint_v3

from convoy.mesh.localities import Group, place
from convoy.mesh.model import NOWHERE, Assignment, DnsEndpoint, Endpoint, LocalityPolicy, Vantage
from convoy.xds.build import names
from convoy.xds.build.addresses import endpoint_address
from convoy.xds.build.packing import uint32

_Endpoint = Endpoint | DnsEndpoint
# Half of what fits, because no weight is rounded to nothing.
_LARGEST_SUM = 2**31 - 1
_SOCKET_MATCH = "envoy.transport_socket_match"


def build_assignment(assignment: Assignment, vantage: Vantage = NOWHERE) -> endpoint_v3.ClusterLoadAssignment:
    """The EDS answer for one cluster; without endpoints it says that there are none."""
    name = names.upstream(assignment.key)
    return build_load_assignment(name, assignment.endpoints, policy=assignment.locality, vantage=vantage)


def build_load_assignment(
    cluster: str,
    endpoints: Iterable[Endpoint | DnsEndpoint],
    *,
    policy: LocalityPolicy | None = None,
    vantage: Vantage = NOWHERE,
) -> endpoint_v3.ClusterLoadAssignment:
    """Endpoints by priority and locality, in sorted order; a locality weighs what its endpoints weigh unless
    the policy says otherwise.
    """
    return endpoint_v3.ClusterLoadAssignment(
        cluster_name=cluster,
        endpoints=map(_locality_endpoints, place(_countable(tuple(endpoints)), policy, vantage)),
    )


def _countable(endpoints: tuple[_Endpoint, ...]) -> tuple[_Endpoint, ...]:
    """With weights that Envoy can add up: it refuses sums of more than 32 bits."""
    total = sum(endpoint.weight for endpoint in endpoints)
    if total <= _LARGEST_SUM:
        return endpoints
    divisor = total // _LARGEST_SUM + 1
    return tuple(
        msgspec.structs.replace(endpoint, weight=endpoint.weight // divisor or min(endpoint.weight, 1))
        for endpoint in endpoints
    )


def _locality_endpoints(group: Group) -> endpoint_parts_v3.LocalityLbEndpoints:
    region, zone, sub_zone = (*group.locality.split("/", 2), "", "")[:3]
    return endpoint_parts_v3.LocalityLbEndpoints(
        locality=core_v3.Locality(region=region, zone=zone, sub_zone=sub_zone),
        lb_endpoints=[_lb_endpoint(member) for member in group.members],
        load_balancing_weight=uint32(group.weight),
        priority=group.priority,
    )


def _lb_endpoint(endpoint: Endpoint | DnsEndpoint) -> endpoint_parts_v3.LbEndpoint:
    address = endpoint_address(endpoint.address, endpoint.port)
    result = endpoint_parts_v3.LbEndpoint(
        endpoint=endpoint_parts_v3.Endpoint(address=address), load_balancing_weight=uint32(endpoint.weight)
    )
    if endpoint.accepts_mtls:
        result.metadata.filter_metadata[_SOCKET_MATCH][names.TLS_MODE_LABEL] = names.TLS_MODE_ISTIO
    return result
