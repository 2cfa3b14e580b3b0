"""The delta ADS client inside Envoy 1.40, as seen from the server. Pure: responses in, requests out.

It reproduces what was recorded from the real one (tests/envoy/test_fleet_sequence.py compares the two):

- It starts with clusters, alone, and asks for listeners when each of the first EDS clusters has had an answer
  about its assignment.
- Later a response that brings or changes EDS clusters is acknowledged only when that is so; the answer to
  the assignments follows.
- Names of assignments and routes come from the clusters and listeners it has. The request for them goes out
  before the acknowledgement of the response that named them.
- Routes of listeners that went away stay subscribed: the old listener drains for minutes.
- After a reconnect it names all its types at once, with the versions that it has.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2 as http_pb2,
)
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from convoy.xds.cache.resources import CLUSTER, ENDPOINT, LISTENER, ROUTE

_MESSAGES: dict[str, Any] = {
    CLUSTER: cluster_pb2.Cluster,
    ENDPOINT: endpoint_pb2.ClusterLoadAssignment,
    LISTENER: listener_pb2.Listener,
    ROUTE: route_pb2.RouteConfiguration,
}
_HTTP = "type.googleapis.com/" + http_pb2.HttpConnectionManager.DESCRIPTOR.full_name


class EnvoyLike:
    """One client: what it has, wants, and withholds."""

    def __init__(self, node_id: str) -> None:
        self.versions: dict[str, dict[str, str]] = {}
        """By type, in the order of the first requests: the version of each resource it has."""
        self.resources = 0
        self.removals = 0
        self.responses = 0
        self.bytes = 0
        self._node_id = node_id
        self._named: dict[str, set[str]] = {ENDPOINT: set(), ROUTE: set()}
        self._assignment_of: dict[str, str] = {}
        self._warming: set[str] = set()
        self._withheld: str | None = None
        self._unanswered: set[tuple[str, str]] = set()
        self._heard_listeners = False

    @property
    def is_configured(self) -> bool:
        """Whether it has had an answer to everything it asked for, and acknowledged it."""
        return self._heard_listeners and not self._unanswered and self._withheld is None

    def connect(self) -> list[DeltaDiscoveryRequest]:
        """The first requests of a new stream."""
        self._warming.clear()
        self._withheld = None
        requests = [
            DeltaDiscoveryRequest(
                type_url=type_url,
                resource_names_subscribe=sorted(self._named.get(type_url, ())),
                initial_resource_versions=versions,
            )
            for type_url, versions in (self.versions or {CLUSTER: {}}).items()
        ]
        self.versions.setdefault(CLUSTER, {})
        requests[0].node.id = self._node_id
        requests[0].node.user_agent_name = "envoy"
        return requests

    def receive(self, data: bytes) -> list[DeltaDiscoveryRequest]:
        """Decode a response with everything in it; gives what to say to it, in order."""
        response = DeltaDiscoveryResponse.FromString(data)
        messages = [_MESSAGES[response.type_url].FromString(r.resource.value) for r in response.resources]
        self._count(response, len(data))
        versions = self.versions.setdefault(response.type_url, {})
        self._heard_listeners |= response.type_url == LISTENER
        self._unanswered -= {(response.type_url, r.name) for r in response.resources}
        self._unanswered -= {(response.type_url, name) for name in response.removed_resources}
        versions.update({resource.name: resource.version for resource in response.resources})
        for name in response.removed_resources:
            versions.pop(name, None)
        ack = DeltaDiscoveryRequest(type_url=response.type_url, response_nonce=response.nonce)
        if response.type_url == CLUSTER:
            return [*self._on_clusters(response, messages), *self._acknowledge_clusters(response.nonce)]
        if response.type_url == ENDPOINT:
            return [*self._on_assignments(response), ack]
        if response.type_url == LISTENER:
            return [*self._on_listeners(messages), ack]
        return [ack]

    def _count(self, response: DeltaDiscoveryResponse, size: int) -> None:
        self.responses += 1
        self.resources += len(response.resources)
        self.removals += len(response.removed_resources)
        self.bytes += size

    def _on_clusters(
        self, response: DeltaDiscoveryResponse, clusters: list[cluster_pb2.Cluster]
    ) -> Iterator[DeltaDiscoveryRequest]:
        for cluster in clusters:
            if cluster.type == cluster_pb2.Cluster.EDS:
                assignment = cluster.eds_cluster_config.service_name or cluster.name
                self._assignment_of[cluster.name] = assignment
                self._warming.add(assignment)
        for name in response.removed_resources:
            self._warming.discard(self._assignment_of.pop(name, ""))
        yield from self._rename(ENDPOINT, set(self._assignment_of.values()))

    def _acknowledge_clusters(self, nonce: str) -> Iterator[DeltaDiscoveryRequest]:
        is_starting = LISTENER not in self.versions
        if self._warming and not is_starting:
            self._withheld = nonce
            return
        yield from self._start_listeners()
        yield DeltaDiscoveryRequest(type_url=CLUSTER, response_nonce=nonce)

    def _start_listeners(self) -> Iterator[DeltaDiscoveryRequest]:
        if LISTENER not in self.versions and not self._warming:
            self.versions[LISTENER] = {}
            yield DeltaDiscoveryRequest(type_url=LISTENER)

    def _on_assignments(self, response: DeltaDiscoveryResponse) -> Iterator[DeltaDiscoveryRequest]:
        self._warming.difference_update(resource.name for resource in response.resources)
        self._warming.difference_update(response.removed_resources)
        if self._withheld is not None and not self._warming:
            yield DeltaDiscoveryRequest(type_url=CLUSTER, response_nonce=self._withheld)
            self._withheld = None
        yield from self._start_listeners()

    def _on_listeners(self, listeners: Iterable[listener_pb2.Listener]) -> Iterator[DeltaDiscoveryRequest]:
        named = {name for listener in listeners for name in route_names(listener)}
        yield from self._rename(ROUTE, self._named[ROUTE] | named)

    def _rename(self, type_url: str, names: set[str]) -> Iterator[DeltaDiscoveryRequest]:
        before, self._named[type_url] = self._named[type_url], names
        if before == names:
            return
        versions = self.versions.setdefault(type_url, {})
        for name in before - names:
            versions.pop(name, None)
        self._unanswered |= {(type_url, name) for name in names - before}
        self._unanswered -= {(type_url, name) for name in before - names}
        yield DeltaDiscoveryRequest(
            type_url=type_url,
            resource_names_subscribe=sorted(names - before),
            resource_names_unsubscribe=sorted(before - names),
        )


def route_names(listener: listener_pb2.Listener) -> set[str]:
    """The route configurations that a listener asks for over RDS."""
    names = set()
    for chain in (*listener.filter_chains, listener.default_filter_chain):
        for network_filter in chain.filters:
            if network_filter.typed_config.type_url == _HTTP:
                manager = http_pb2.HttpConnectionManager.FromString(network_filter.typed_config.value)
                if manager.HasField("rds"):
                    names.add(manager.rds.route_config_name)
    return names
