"""Services, what they speak, and the endpoints behind them."""

import enum

from convoy.api.meta import Hostname, Namespace
from convoy.mesh.model.base import Labels, Part


class Protocol(enum.StrEnum):
    """What a port speaks. AUTO is found out per connection; TLS is passed on by its SNI."""

    HTTP = "HTTP"
    HTTP2 = "HTTP2"
    GRPC = "GRPC"
    TCP = "TCP"
    TLS = "TLS"
    AUTO = "AUTO"

    @property
    def is_http(self) -> bool:
        """Whether requests can be routed one by one."""
        return self in (Protocol.HTTP, Protocol.HTTP2, Protocol.GRPC)

    @property
    def is_http2(self) -> bool:
        """Whether the server wants HTTP/2 with prior knowledge."""
        return self in (Protocol.HTTP2, Protocol.GRPC)


class Resolution(enum.StrEnum):
    """How a caller finds the addresses behind a service."""

    ENDPOINTS = "ENDPOINTS"
    """Listed by the control plane (EDS): Kubernetes Services, ServiceEntries with STATIC resolution."""
    DNS = "DNS"
    """The caller's Envoy resolves the endpoints' names (STRICT_DNS); IPs are allowed among them."""
    ORIGINAL_DST = "ORIGINAL_DST"
    """The address the application chose: Services that are headless or have no selector, from a sidecar."""


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


class Endpoint(Part, frozen=True, cache_hash=True):
    """One address that serves a service port."""

    address: str
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
