"""Small resources and a client for tests of the ADS server."""

from collections.abc import Iterable
from typing import Any

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2
from envoy.service.discovery.v3 import discovery_pb2

from convoy.xds.cache.encode import encode_resource
from convoy.xds.cache.resources import (
    CLUSTER,
    ENDPOINT,
    LISTENER,
    ROUTE,
    SECRET,
    ProxyResources,
    Resource,
    ResourceSet,
)
from convoy.xds.server.dialog import Dialog, Response
from convoy.xds.server.requests import InitialVersions, Protocol, Request
from convoy.xds.server.sharing import Sharing


def cluster(name: str, content: str = "") -> Resource:
    return encode_resource(CLUSTER, name, cluster_pb2.Cluster(name=name, alt_stat_name=content))


def assignment(name: str, content: int = 1) -> Resource:
    message = endpoint_pb2.ClusterLoadAssignment(cluster_name=name)
    address = message.endpoints.add().lb_endpoints.add().endpoint.address.socket_address
    address.address, address.port_value = "127.0.0.1", content
    return encode_resource(ENDPOINT, name, message)


def listener(name: str, content: str = "") -> Resource:
    return encode_resource(LISTENER, name, listener_pb2.Listener(name=name, stat_prefix=content))


def route(name: str, *clusters: str) -> Resource:
    message = route_pb2.RouteConfiguration(name=name)
    host = message.virtual_hosts.add(name="all", domains=["*"])
    for to in clusters:
        host.routes.add(match={"prefix": f"/{to}"}, route={"cluster": to})
    return encode_resource(ROUTE, name, message)


def secret(name: str, key: bytes = b"key") -> Resource:
    message = secret_pb2.Secret(name=name)
    message.tls_certificate.private_key.inline_bytes = key
    return encode_resource(SECRET, name, message)


def resources(
    clusters: Iterable[Resource] = (),
    endpoints: Iterable[Resource] = (),
    listeners: Iterable[Resource] = (),
    routes: Iterable[Resource] = (),
    secrets: Iterable[Resource] = (),
) -> ProxyResources:
    return ProxyResources(
        clusters=ResourceSet(clusters),
        endpoints=ResourceSet(endpoints),
        listeners=ResourceSet(listeners),
        routes=ResourceSet(routes),
        secrets=ResourceSet(secrets),
    )


class Received:
    """A decoded response."""

    def __init__(self, protocol: Protocol, response: Response) -> None:
        message: Any
        if protocol is Protocol.DELTA:
            message = discovery_pb2.DeltaDiscoveryResponse.FromString(response.data)
            self.resources = {r.name: r.version for r in message.resources}
            self.removed = list(message.removed_resources)
            self.version = message.system_version_info
        else:
            message = discovery_pb2.DiscoveryResponse.FromString(response.data)
            self.resources = {name_of(body): body.value for body in message.resources}
            self.removed = []
            self.version = message.version_info
        self.type_url: str = message.type_url
        self.nonce: str = message.nonce

    @property
    def names(self) -> list[str]:
        return list(self.resources)


def name_of(body: Any) -> str:
    """The name of a resource packed in an Any."""
    kinds: dict[str, Any] = {
        CLUSTER: cluster_pb2.Cluster,
        ENDPOINT: endpoint_pb2.ClusterLoadAssignment,
        LISTENER: listener_pb2.Listener,
        ROUTE: route_pb2.RouteConfiguration,
    }
    message = kinds[body.type_url].FromString(body.value)
    name: str = message.cluster_name if body.type_url == ENDPOINT else message.name
    return name


class Conversation:
    """A dialog, and what a test says on behalf of the client."""

    def __init__(
        self,
        target: ProxyResources,
        protocol: Protocol = Protocol.DELTA,
        *,
        sharing: Sharing | None = None,
    ) -> None:
        self.protocol = protocol
        self.sharing = sharing or Sharing()
        self.dialog = Dialog(protocol, target, self.sharing)

    def says(
        self,
        type_url: str,
        *,
        subscribe: Iterable[str] = (),
        unsubscribe: Iterable[str] = (),
        nonce: str = "",
        error: str | None = None,
        has: dict[str, str] | None = None,
    ) -> None:
        self.dialog.on_request(
            Request(
                type_url=type_url,
                subscribe=frozenset(subscribe),
                unsubscribe=frozenset(unsubscribe),
                nonce=nonce,
                error=error,
                initial_versions=InitialVersions.of(has or {}),
            )
        )

    def hears(self) -> Received | None:
        """The next response, if there is one now."""
        response = self.dialog.next_response()
        return Received(self.protocol, response) if response else None

    def hears_all(self) -> list[Received]:
        heard = []
        while (received := self.hears()) is not None:
            heard.append(received)
        return heard

    def accepts(self, received: Received | None, *, names: Iterable[str] = ()) -> None:
        """ACK; `names` repeats the subscription, as state of the world requires."""
        assert received is not None
        self.says(received.type_url, nonce=received.nonce, subscribe=names)

    def rejects(self, received: Received | None, detail: str, *, names: Iterable[str] = ()) -> None:
        assert received is not None
        self.says(received.type_url, nonce=received.nonce, error=detail, subscribe=names)

    def accepts_all(self) -> list[Received]:
        """ACK whatever comes until nothing comes."""
        heard = []
        while (received := self.hears()) is not None:
            heard.append(received)
            self.accepts(received)
        return heard

    def becomes(self, target: ProxyResources) -> None:
        self.dialog.set_target(target)
