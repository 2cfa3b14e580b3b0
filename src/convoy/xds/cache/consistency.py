"""Find what would leave a proxy waiting or refusing: names that lead nowhere inside one proxy's resources.

Decodes the chunks that are sent, so it sees what a proxy will see. Missing clusters of routes are the
user's to mend (their requests get 503) and are listed apart; everything else is a fault of this program.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec
from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.listener.v3 import listener_pb2 as listener_v3
from envoy.config.route.v3 import route_components_pb2 as route_parts_v3
from envoy.config.route.v3 import route_pb2 as route_v3
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_v3
from envoy.service.discovery.v3 import discovery_pb2 as discovery_v3
from google.protobuf.message import Message

from convoy.xds.cache.resources import ProxyResources, Resource, ResourceSet

M = TypeVar("M", bound=Message)


class Findings(msgspec.Struct, frozen=True):
    """Names that lead nowhere, sorted; all empty when a proxy's resources are consistent."""

    routes_without_configuration: tuple[str, ...]
    """Route configurations that a listener names and the proxy may not have."""
    clusters_without_assignment: tuple[str, ...]
    """EDS clusters that would wait for endpoints forever."""
    repeated_domains: tuple[str, ...]
    """`<route configuration>: <domain>` where two virtual hosts claim one domain, which Envoy refuses."""
    dangling_clusters: tuple[str, ...]
    """Clusters that a route names and the proxy does not have."""

    @property
    def is_servable(self) -> bool:
        """Whether Envoy will accept everything and wait for nothing."""
        return not (
            self.routes_without_configuration or self.clusters_without_assignment or self.repeated_domains
        )


def find_inconsistencies(proxy: ProxyResources) -> Findings:
    """Check one proxy's resources against each other."""
    clusters = [decode(resource, cluster_v3.Cluster()) for resource in proxy.clusters.values()]
    tables = [decode(resource, route_v3.RouteConfiguration()) for resource in proxy.routes.values()]
    services = {cluster.eds_cluster_config.service_name for cluster in clusters} - {""}
    named = {cluster for table in tables for cluster in _clusters_of(table)}
    return Findings(
        routes_without_configuration=_missing(set(_routes_of(proxy.listeners)), proxy.routes),
        clusters_without_assignment=_missing(services, proxy.endpoints),
        repeated_domains=tuple(sorted(name for table in tables for name in _repeated_domains(table))),
        dangling_clusters=_missing(named, proxy.clusters),
    )


def decode(resource: Resource, into: M) -> M:
    """The message of an encoded resource."""
    entry = discovery_v3.DeltaDiscoveryResponse.FromString(resource.delta_chunk).resources[0]
    entry.resource.Unpack(into)
    return into


def _missing(names: set[str], resources: Mapping[str, Resource]) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if name not in resources))


def _routes_of(listeners: ResourceSet) -> Iterator[str]:
    for resource in listeners.values():
        listener = decode(resource, listener_v3.Listener())
        for chain in (*listener.filter_chains, listener.default_filter_chain):
            for network_filter in chain.filters:
                manager = hcm_v3.HttpConnectionManager()
                if network_filter.typed_config.Unpack(manager) and manager.HasField("rds"):
                    yield manager.rds.route_config_name


def _clusters_of(table: route_v3.RouteConfiguration) -> Iterator[str]:
    for host in table.virtual_hosts:
        for route in host.routes:
            yield from _clusters_of_route(route)


def _clusters_of_route(route: route_parts_v3.Route) -> Iterator[str]:
    if route.route.cluster:
        yield route.route.cluster
    yield from (share.name for share in route.route.weighted_clusters.clusters)


def _repeated_domains(table: route_v3.RouteConfiguration) -> Iterator[str]:
    seen: set[str] = set()
    for domain in (domain.lower() for host in table.virtual_hosts for domain in host.domains):
        if domain in seen:
            yield f"{table.name}: {domain}"
        seen.add(domain)
