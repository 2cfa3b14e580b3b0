"""What callers send to, and the policy for it."""

import enum

from convoy.api.meta import Hostname
from convoy.mesh.model.balancing import PLAIN_BALANCING, Balancing, LbPolicy
from convoy.mesh.model.base import Labels, Part
from convoy.mesh.model.localities import LocalityPolicy
from convoy.mesh.model.origination import Origination
from convoy.mesh.model.outliers import Outliers
from convoy.mesh.model.pools import PLAIN_CONNECTIONS, UNLIMITED, ConnectionPolicy, Pool
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
    ORIGINATE = "ORIGINATE"
    """TLS as any client speaks it, with or without a certificate of its own (SIMPLE, MUTUAL)."""


class ProxyHeader(enum.StrEnum):
    """The PROXY header that tells a server who its client is."""

    NONE = ""
    V1 = "V1"
    V2 = "V2"


class UpstreamTls(Part, frozen=True, cache_hash=True):
    """With the mesh's identities at least one accepted identity is given: never an empty SAN list."""

    mode: TlsMode
    sni: str = ""
    identities: tuple[str, ...] = ()
    """Exact URI SANs that are accepted of the server."""
    identity_prefixes: tuple[str, ...] = ()
    """URI SAN prefixes that are accepted, for hosts whose accounts are not known here."""
    origination: Origination | None = None
    """Only with ORIGINATE. Then an empty `sni` is the host of the request."""
    oldest: str = ""
    """The oldest version that is spoken with the mesh's identities, as the API writes it; empty: 1.2."""


class DnsEndpoint(Part, frozen=True, cache_hash=True):
    """An endpoint whose address, a name or an IP, the caller's Envoy resolves."""

    address: str
    port: int
    weight: int
    locality: str
    accepts_mtls: bool
    labels: Labels = ()
    """Only those by which endpoints are put in order."""


class Upstream(Part, frozen=True, cache_hash=True):
    """A service port or one of its subsets, with the policy for traffic to it: one Envoy cluster."""

    key: UpstreamKey
    protocol: Protocol
    resolution: Resolution
    tls: UpstreamTls
    lb_policy: LbPolicy
    connect_timeout_ms: int
    dns_endpoints: tuple[DnsEndpoint, ...] = ()
    """Only with resolution DNS or LOGICAL_DNS: already filtered by the subset's labels."""
    override_port: int = 0
    """With resolution ORIGINAL_DST and, over TLS, DYNAMIC_DNS: the port that is dialled instead of the
    caller's; 0 for that one."""
    renewed_after_ms: int = 0
    """How long an HTTP connection is used; 0 for as long as it lasts."""
    dns_refresh_ms: int = 0
    """How often names are resolved again whose records do not say it; 0: every minute."""
    balancing: Balancing = PLAIN_BALANCING
    pool: Pool = UNLIMITED
    outliers: Outliers | None = None
    connections: ConnectionPolicy = PLAIN_CONNECTIONS
    proxy_header: ProxyHeader = ProxyHeader.NONE
    locality: LocalityPolicy | None = None
    """Only with resolution DNS: elsewhere it concerns the assignment alone."""


class Assignment(Part, frozen=True, cache_hash=True):
    """The endpoints of one upstream with resolution ENDPOINTS, already filtered by the subset's labels.

    For a passthrough upstream only endpoints that accept mutual TLS are left.
    """

    key: UpstreamKey
    endpoints: tuple[Endpoint, ...]
    locality: LocalityPolicy | None = None
    """None: it does not matter where endpoints and callers are."""
