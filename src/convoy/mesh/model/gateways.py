"""What the gateway proxies of one workload share."""

from convoy.mesh.model.base import Part
from convoy.mesh.model.routes import PortRoutes
from convoy.mesh.model.upstreams import Upstream, UpstreamKey
from convoy.mesh.model.views import ViewKey


class GatewayHttp(Part, frozen=True, cache_hash=True):
    """A plain HTTP port of a gateway."""

    listen_port: int
    routes: PortRoutes


class PassthroughRoute(Part, frozen=True, cache_hash=True):
    """TLS connections whose SNI is one of these names go, unopened, to one upstream."""

    server_names: tuple[str, ...]
    key: UpstreamKey


class GatewayPassthrough(Part, frozen=True, cache_hash=True):
    """An AUTO_PASSTHROUGH port of a gateway. An SNI that is not listed gets no filter chain."""

    listen_port: int
    routes: tuple[PassthroughRoute, ...]


class GatewayView(Part, frozen=True, cache_hash=True):
    """What all gateway proxies of one workload share: what they may call, and what they let in."""

    key: ViewKey
    upstreams: tuple[Upstream, ...]
    http: tuple[GatewayHttp, ...]
    passthrough: tuple[GatewayPassthrough, ...]
