"""Where callers and endpoints are, and what follows from it for their traffic."""

from convoy.mesh.model.base import Labels, Part


class Vantage(Part, frozen=True, cache_hash=True):
    """From where a proxy sees endpoints. It decides about assignments of endpoints and about nothing else,
    so that proxies in several places share clusters and routes.
    """

    locality: str = ""
    """`region/zone/subzone`, possibly shortened or empty."""
    labels: Labels = ()
    """Those that some `failoverPriority` names."""
    peers: tuple[tuple[str, int], ...] = ()
    """How many proxies of the same workload there are in each locality; only where zones are weighed."""


NOWHERE = Vantage()


class Distribution(Part, frozen=True, cache_hash=True):
    """Shares of the localities for callers in one; localities may be shortened or end in `*`."""

    origin: str
    shares: tuple[tuple[str, int], ...]


class LocalityPolicy(Part, frozen=True, cache_hash=True):
    """How the locality of endpoints counts. Shares go before an order."""

    distributions: tuple[Distribution, ...] = ()
    fails_over: bool = False
    """Nearer endpoints first, others when they fail."""
    failover_regions: tuple[tuple[str, str], ...] = ()
    """For callers of a region, the one whose endpoints come before those of other regions."""
    priority_labels: tuple[str, ...] = ()
    """Labels, or `label=value`; the more leading ones an endpoint shares with the caller, the earlier."""
    zone_aware_from: int | None = None
    """From this number of endpoints on each locality's callers stay there as far as its share allows."""
