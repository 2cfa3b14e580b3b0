"""What sidecars that are alike share."""

from convoy.api.istio.mesh_config import PathNormalization
from convoy.api.istio.peer_authentication import MtlsMode
from convoy.api.meta import Namespace
from convoy.mesh.model.base import Labels, Part
from convoy.mesh.model.credentials import Credential
from convoy.mesh.model.l4 import SniffedRoute, TcpRoute
from convoy.mesh.model.pools import UNLIMITED, Pool
from convoy.mesh.model.routes import PortRoutes, RetryPolicy
from convoy.mesh.model.server_tls import ServerTls
from convoy.mesh.model.services import Protocol
from convoy.mesh.model.upstreams import Upstream, UpstreamKey


class ViewKey(Part, frozen=True, cache_hash=True):
    """What decides about everything outbound. Labels are only those that some rule matches on."""

    kind: str
    """`sidecar` or `gateway`."""
    namespace: Namespace
    labels: Labels
    network: str
    sidecar: str = ""
    """`<namespace>/<name>` of the Sidecar that limits what is seen; empty: nothing does."""


class BoundEgress(Part, frozen=True, cache_hash=True):
    """An egress listener at an address of its own: an IP address, or a Unix domain socket: its path, or `@`
    and a name.
    """

    address: str
    port: int
    """0 for a Unix domain socket."""
    is_bound: bool
    """Connections are made to it; else captured ones to that address come there."""
    routes: PortRoutes | None
    """None: nothing there is treated as HTTP."""
    tcp: tuple[TcpRoute, ...] = ()
    """Where connections go that are not HTTP; with `routes`, it is found out which they are."""
    is_mesh_proxy: bool = False
    """Every sidecar has it, as an HTTP proxy for its application."""


class SidecarView(Part, frozen=True, cache_hash=True):
    """Everything outbound of the sidecars with one key."""

    key: ViewKey
    upstreams: tuple[Upstream, ...]
    http: tuple[PortRoutes, ...]
    tcp: tuple[TcpRoute, ...]
    sniffed: tuple[SniffedRoute, ...]
    allows_any: bool
    """Connections to unknown addresses pass through (ALLOW_ANY)."""
    detection_ms: int = 5_000
    """How long a silent connection of an unknown kind is waited for; 0: for ever."""
    credentials: tuple[Credential, ...] = ()
    """Those that its upstreams name, and no others."""
    bound: tuple[BoundEgress, ...] = ()
    egress_proxy: UpstreamKey | None = None
    """Where connections to unknown addresses go instead."""
    paths: PathNormalization = PathNormalization.DEFAULT
    resolves_any: bool = False
    """Requests for unknown hosts are sent where those resolve to."""


class Application(Part, frozen=True, cache_hash=True):
    """Where an application listens for what comes to one of its ports."""

    address: str = ""
    """An IP address, or a Unix domain socket: its path. Empty: the address that was dialled."""
    port: int = 0
    """0: the port that was dialled."""


AS_DIALLED = Application()


class InboundPort(Part, frozen=True, cache_hash=True):
    """A port of a workload: what is spoken there, and whether it must be mutual TLS."""

    port: int
    """The port that callers connect to."""
    protocol: Protocol
    mode: MtlsMode
    """Never UNSET."""
    application: Application = AS_DIALLED
    pool: Pool = UNLIMITED
    connect_timeout_ms: int = 10_000
    tls: ServerTls | None = None
    """TLS that ends here in place of the mesh's own; the mode is DISABLE then."""
    address: str = ""
    """The one address that it is open at; empty: all."""
    is_bound: bool = False
    """Connections are made to a listener of its own, and are not captured."""


class InboundPart(Part, frozen=True, cache_hash=True):
    """Everything inbound of a workload; equal for the replicas of one Deployment."""

    ports: tuple[InboundPort, ...]
    default_mode: MtlsMode
    """For ports that no Service names."""
    port_modes: tuple[tuple[int, MtlsMode], ...]
    """Modes of ports that a policy names and no Service does."""
    trust_domains: tuple[str, ...]
    interception_mark: int | None
    """The mark that Envoy's own connections carry where it shares a uid with the application."""
    detection_ms: int = 5_000
    """How long a silent connection may be of any kind; 0: for ever."""
    credentials: tuple[Credential, ...] = ()
    """Those that the ports with TLS of their own name, sorted."""
    min_tls_version: str = ""
    """The oldest that mutual TLS may be, as the API writes it; empty: 1.2."""
    retries: RetryPolicy | None = None
    """When a request is sent to the application again; None: when it never got there."""
    paths: PathNormalization = PathNormalization.DEFAULT
