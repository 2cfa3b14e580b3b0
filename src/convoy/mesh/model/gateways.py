"""What the gateway proxies of one workload share."""

import enum

from convoy.mesh.model.base import Part
from convoy.mesh.model.credentials import Credential, KeyPairRef, TrustRef
from convoy.mesh.model.l4 import TcpRoute
from convoy.mesh.model.routes import PortRoutes
from convoy.mesh.model.upstreams import Upstream, UpstreamKey
from convoy.mesh.model.views import ViewKey

ANY_ADDRESS = "0.0.0.0"


class ClientProof(enum.StrEnum):
    """Whether clients have to prove who they are."""

    NONE = "NONE"
    OPTIONAL = "OPTIONAL"
    """Who shows a certificate must show a good one."""
    REQUIRED = "REQUIRED"


class ServerTls(Part, frozen=True, cache_hash=True):
    """How a gateway ends TLS. Without key pairs it proves the proxy's own identity in the mesh."""

    key_pairs: tuple[KeyPairRef, ...] = ()
    client: ClientProof = ClientProof.NONE
    trust: TrustRef | None = None
    """By what clients are believed; None with `client` other than NONE: see `trust_domains`."""
    trust_domains: tuple[str, ...] = ()
    """Clients prove an identity of one of these, by the mesh's roots."""
    subject_alt_names: tuple[str, ...] = ()
    public_key_pins: tuple[str, ...] = ()
    """SHA-256 of the client's public key, base64."""
    certificate_pins: tuple[str, ...] = ()
    """SHA-256 of the client's certificate, hexadecimal."""
    accepts_untrusted: bool = False
    min_version: str = "TLSV1_2"
    max_version: str = ""
    """As in the API; empty: what Envoy takes."""
    cipher_suites: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()


class GatewayHttp(Part, frozen=True, cache_hash=True):
    """A plain HTTP port of a gateway. With a unix socket as `bind` the port is 0."""

    listen_port: int
    routes: PortRoutes
    bind: str = ANY_ADDRESS
    is_grpc_web: bool = False


class GatewayHttps(Part, frozen=True, cache_hash=True):
    """Requests inside TLS that ends at the gateway: those of one server, told by their SNI."""

    listen_port: int
    routes: PortRoutes
    server: str
    """The name of the server's routes: port, port name, Gateway and namespace, as Istio writes them."""
    server_names: tuple[str, ...]
    """Exact, or with a first label `*`. Empty: any."""
    tls: ServerTls
    bind: str = ANY_ADDRESS
    is_grpc_web: bool = False


class GatewayTcp(Part, frozen=True, cache_hash=True):
    """Bytes: connections of a port that one server passes on.

    With `tls` it ends here for its `server_names`; else it, or whatever is spoken, goes through unopened.
    """

    listen_port: int
    route: TcpRoute
    bind: str = ANY_ADDRESS
    tls: ServerTls | None = None


class PassthroughRoute(Part, frozen=True, cache_hash=True):
    """TLS connections whose SNI is one of these names go, unopened, to one upstream."""

    server_names: tuple[str, ...]
    key: UpstreamKey


class GatewayPassthrough(Part, frozen=True, cache_hash=True):
    """An AUTO_PASSTHROUGH port of a gateway. An SNI that is not listed gets no filter chain."""

    listen_port: int
    routes: tuple[PassthroughRoute, ...]
    bind: str = ANY_ADDRESS


class GatewayView(Part, frozen=True, cache_hash=True):
    """What all gateway proxies of one workload share: what they may call, and what they let in.

    `credentials` are those that its servers and upstreams name, and no others.
    """

    key: ViewKey
    upstreams: tuple[Upstream, ...]
    http: tuple[GatewayHttp, ...]
    passthrough: tuple[GatewayPassthrough, ...]
    https: tuple[GatewayHttps, ...] = ()
    tcp: tuple[GatewayTcp, ...] = ()
    credentials: tuple[Credential, ...] = ()
