"""Where connections go: those that carry bytes, and those of which nobody knows what they carry."""

from convoy.mesh.model.base import Part
from convoy.mesh.model.routes import PortRoutes, WeightedUpstream


class TcpRoute(Part, frozen=True, cache_hash=True):
    """Connections to one address and port that meet all conditions, and the upstreams they are shared by.

    Of several routes for one address and port no two have the same server name and subnet.
    """

    vip: str
    """`0.0.0.0`: every address without a route of its own."""
    port: int
    destinations: tuple[WeightedUpstream, ...]
    """Weights above 0; none left: connections are closed."""
    server_names: tuple[str, ...] = ()
    """TLS with one of these SNIs: names, `*.suffix`, or `*` for any TLS. Empty: whatever it is."""
    subnets: tuple[str, ...] = ()
    """Networks (CIDR) that were dialled. Empty: any address."""


class SniffedRoute(Part, frozen=True, cache_hash=True):
    """A port of protocol AUTO at one address: HTTP when it looks like it, else bytes."""

    vip: str
    port: int
    routes: PortRoutes
    destinations: tuple[WeightedUpstream, ...]
    """Where connections go that are not HTTP."""
    subnets: tuple[str, ...] = ()
    """Networks (CIDR) that were dialled. Empty: any address."""
