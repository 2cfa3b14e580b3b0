"""Services, what they speak, and the endpoints behind them."""

import enum

from convoy.api.meta import Hostname, Namespace
from convoy.mesh.model.base import Labels, Part


class Protocol(enum.StrEnum):
    """What a port speaks. AUTO is found out per connection; TLS is passed on by its SNI."""

    HTTP = "HTTP"
    HTTP2 = "HTTP2"
    GRPC = "GRPC"
    GRPC_WEB = "GRPC_WEB"
    """Called over gRPC-Web, too; the server speaks gRPC."""
    TCP = "TCP"
    TLS = "TLS"
    AUTO = "AUTO"

    @property
    def is_http(self) -> bool:
        """Whether requests can be routed one by one."""
        return self is Protocol.HTTP or self.is_http2

    @property
    def is_http2(self) -> bool:
        """Whether the server wants HTTP/2 with prior knowledge."""
        return self in (Protocol.HTTP2, Protocol.GRPC, Protocol.GRPC_WEB)


class Resolution(enum.StrEnum):
    """How a caller finds the addresses behind a service."""

    ENDPOINTS = "ENDPOINTS"
    """Listed by the control plane (EDS): Kubernetes Services, ServiceEntries with STATIC resolution."""
    DNS = "DNS"
    """The caller's Envoy resolves the endpoints' names (STRICT_DNS); IPs are allowed among them."""
    LOGICAL_DNS = "LOGICAL_DNS"
    """The same with one name, of whose addresses each new connection uses the first."""
    DYNAMIC_DNS = "DYNAMIC_DNS"
    """The caller's Envoy resolves the name that a request or a TLS handshake says: wildcard hosts."""
    ORIGINAL_DST = "ORIGINAL_DST"
    """The address the application chose: Services that are headless or have no selector, ServiceEntries
    without resolution; from a sidecar."""

    @property
    def is_dns(self) -> bool:
        """Whether the endpoints are written into the cluster, for Envoy to resolve."""
        return self in (Resolution.DNS, Resolution.LOGICAL_DNS)


class ServicePort(Part, frozen=True, cache_hash=True):
    """One port of a service, under the number that callers use."""

    number: int
    name: str
    protocol: Protocol
    target_port: int | str
    """What the endpoints listen on: a number, or the name of a container port."""


class Service(Part, frozen=True, cache_hash=True):
    """A Kubernetes Service or one host of a ServiceEntry."""

    hostname: Hostname
    namespace: Namespace
    ports: tuple[ServicePort, ...]
    vips: tuple[str, ...]
    """Addresses an application may connect to; empty for headless Services and entries without addresses."""
    resolution: Resolution
    is_external: bool
    """Outside the mesh: no automatic mutual TLS."""
    is_kubernetes: bool
    subject_alt_names: tuple[str, ...] = ()
    """Server identities that a ServiceEntry states."""
    subnets: tuple[str, ...] = ()
    """Networks of more than one address at which it is reached, beside `vips`."""
    rank: int = 0
    """Which of several services with this host it is. No proxy sees two of them."""

    def endpoint_key(self, port: ServicePort) -> "EndpointKey":
        """The key of the endpoints of one of its ports."""
        return EndpointKey(self.hostname, port.number, self.rank)


class Endpoint(Part, frozen=True, cache_hash=True):
    """One address that serves a service port."""

    address: str
    """An IP address, for DNS also a name, or the path of a socket, whose `port` is 0."""
    port: int
    labels: Labels
    accepts_mtls: bool
    """It has a sidecar, and its PeerAuthentication does not DISABLE mutual TLS on this port."""
    identity: str
    """Its SPIFFE ID; empty when unknown."""
    workload: str
    """`<pod>.<namespace>`; empty for addresses a ServiceEntry lists."""
    network: str
    locality: str
    """`region/zone/subzone`, possibly shortened or empty."""
    weight: int = 1


class EndpointKey(Part, frozen=True, cache_hash=True):
    """Whose endpoints: those of one port of a service."""

    hostname: Hostname
    port: int
    rank: int = 0
