"""Route configurations, joined from virtual hosts that are encoded once each.

A port's configuration holds every host of the mesh that is called there, and most changes touch one of them.
A protobuf message is the concatenation of its fields, so the bytes of the others are copied, not built anew.
"""

from convoy.mesh.model import HostRoutes, PortRoutes
from convoy.xds.build.routes import build_route_frame, build_virtual_host, sorted_hosts
from convoy.xds.cache.encode import encode_field, encode_message, encode_value
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import ROUTE, Resource

# envoy/config/route/v3/route.proto
_VIRTUAL_HOSTS = 2


def assemble_routes(memo: Memo, name: str, routes: PortRoutes) -> Resource:
    """The route configuration that `build_route_configuration` makes of these parts, encoded."""
    hosts = (memo.piece(encode_virtual_host, host) for host in sorted_hosts(routes))
    frame = encode_message(build_route_frame(name, routes))
    return encode_value(ROUTE, name, b"".join((*hosts, frame)))


def encode_virtual_host(host: HostRoutes) -> bytes:
    """One host as a field of its configuration."""
    return encode_field(_VIRTUAL_HOSTS, build_virtual_host(host))
