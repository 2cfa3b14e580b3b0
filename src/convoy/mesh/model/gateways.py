"""What the gateway proxies of one workload share."""

from convoy.api.istio.mesh_config import ForwardClientCertDetails, PathNormalization
from convoy.mesh.model.base import Part
from convoy.mesh.model.credentials import Credential
from convoy.mesh.model.l4 import TcpRoute
from convoy.mesh.model.routes import PortRoutes
from convoy.mesh.model.server_tls import ServerTls
from convoy.mesh.model.upstreams import Upstream, UpstreamKey
from convoy.mesh.model.views import ViewKey

ANY_ADDRESS = "0.0.0.0"


class Topology(Part, frozen=True, cache_hash=True):
    """What stands before the gateways."""

    trusted_hops: int = 0
    """How many proxies before them tell the truth about their clients in `x-forwarded-for`."""
    client_certificates: ForwardClientCertDetails = ForwardClientCertDetails.UNDEFINED
    """What becomes of `x-forwarded-client-cert`; UNDEFINED: it says what the gateway itself has seen."""
    proxy_protocol: bool = False
    """Connections begin with a header that names the client."""


ALONE = Topology()


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
    paths: PathNormalization = PathNormalization.DEFAULT
    topology: Topology = ALONE
