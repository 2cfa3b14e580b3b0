"""What a proxy's configuration says once it follows a change of the synthetic objects."""

from typing import Any

import msgspec

from bench.synthetic.manifests import Size, generation_of


class RouteWeight(msgspec.Struct, frozen=True):
    """In a RouteConfiguration: the last route to a host gives its first destination this weight."""

    host: str
    weight: int

    def holds(self, message: Any) -> bool:
        """As Fact has it."""
        for virtual_host in message.virtual_hosts:
            if virtual_host.name.partition(":")[0] == self.host:
                clusters = virtual_host.routes[-1].route.weighted_clusters.clusters
                return bool(clusters) and clusters[0].weight.value == self.weight
        return False


class PodGeneration(msgspec.Struct, frozen=True):
    """In a ClusterLoadAssignment: there is no pod of those that come and go older than `oldest`, and one as
    new as `newest` (0: whatever there is).
    """

    size: Size
    oldest: int = 0
    newest: int = 0

    def holds(self, message: Any) -> bool:
        """As Fact has it."""
        addresses = (
            each.endpoint.address.socket_address.address
            for locality in message.endpoints
            for each in locality.lb_endpoints
        )
        passing = [number for address in addresses if (number := generation_of(self.size, address))]
        return max(passing, default=0) >= self.newest and (
            not self.oldest or min(passing, default=0) >= self.oldest
        )
