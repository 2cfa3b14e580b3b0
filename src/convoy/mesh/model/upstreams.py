"""What callers send to, and the policy for it."""

import enum

from convoy.api.meta import Hostname
from convoy.mesh.model.base import Part
from convoy.mesh.model.services import Endpoint, Protocol, Resolution


class UpstreamKey(Part, frozen=True, cache_hash=True):
    """Names one Envoy cluster of a caller. `is_passthrough`: opaque bytes, chosen by SNI at a gateway."""

    hostname: Hostname
    port: int
    subset: str = ""
    is_passthrough: bool = False


class TlsMode(enum.StrEnum):
    """How a caller's proxy speaks to what it calls."""

    DISABLE = "DISABLE"
    AUTO = "AUTO"
    """Mutual TLS to the endpoints that accept it, plain text to the others."""
    MUTUAL = "MUTUAL"
    """Mutual TLS with the mesh's identities to every endpoint (ISTIO_MUTUAL)."""


class UpstreamTls(Part, frozen=True, cache_hash=True):
    """Unless the mode is DISABLE, at least one accepted identity is given: never an empty SAN list."""

    mode: TlsMode
    sni: str = ""
    identities: tuple[str, ...] = ()
    """Exact URI SANs that are accepted of the server."""
    identity_prefixes: tuple[str, ...] = ()
    """URI SAN prefixes that are accepted, for hosts whose accounts are not known here."""


class LbPolicy(enum.StrEnum):
    """How an endpoint is chosen for a request."""

    LEAST_REQUEST = "LEAST_REQUEST"
    ROUND_ROBIN = "ROUND_ROBIN"
    RANDOM = "RANDOM"


class DnsEndpoint(Part, frozen=True, cache_hash=True):
    """An endpoint whose address, a name or an IP, the caller's Envoy resolves."""

    address: str
    port: int
    weight: int
    locality: str
    accepts_mtls: bool


class Upstream(Part, frozen=True, cache_hash=True):
    """A service port or one of its subsets, with the policy for traffic to it: one Envoy cluster."""

    key: UpstreamKey
    protocol: Protocol
    resolution: Resolution
    tls: UpstreamTls
    lb_policy: LbPolicy
    connect_timeout_ms: int
    dns_endpoints: tuple[DnsEndpoint, ...] = ()
    """Only with resolution DNS: already filtered by the subset's labels."""
    renewed_after_ms: int = 0
    """How long an HTTP connection is used; 0 for as long as it lasts."""


class Assignment(Part, frozen=True, cache_hash=True):
    """The endpoints of one upstream with resolution ENDPOINTS, already filtered by the subset's labels.

    For a passthrough upstream only endpoints that accept mutual TLS are left.
    """

    key: UpstreamKey
    endpoints: tuple[Endpoint, ...]
