"""How one endpoint is chosen among several, and by what requests are told apart for it."""

import enum

from convoy.mesh.model.base import Part


class LbPolicy(enum.StrEnum):
    """How an endpoint is chosen for a request."""

    LEAST_REQUEST = "LEAST_REQUEST"
    ROUND_ROBIN = "ROUND_ROBIN"
    RANDOM = "RANDOM"
    RING_HASH = "RING_HASH"
    MAGLEV = "MAGLEV"
    UTILIZATION = "UTILIZATION"
    """By the load that endpoints report with their answers."""


class HashSource(enum.StrEnum):
    """What of a request decides about its endpoint. Connections that carry bytes have only SOURCE_IP."""

    HEADER = "HEADER"
    COOKIE = "COOKIE"
    QUERY = "QUERY"
    SOURCE_IP = "SOURCE_IP"


class HashPolicy(Part, frozen=True, cache_hash=True):
    """Requests with an equal value go to the same endpoint."""

    source: HashSource
    name: str = ""
    """The header's, cookie's or parameter's."""
    path: str = ""
    ttl_ms: int | None = None
    """A cookie with a TTL is made by the proxy where a request brings none; 0: for the browser's session."""
    attributes: tuple[tuple[str, str], ...] = ()


class Warmup(Part, frozen=True, cache_hash=True):
    """A new endpoint gets more and more of its share."""

    duration_ms: int
    minimum_percent: float = 10.0
    aggression: float = 1.0


class Utilization(Part, frozen=True, cache_hash=True):
    """How reports of load become weights; None leaves a setting to Envoy."""

    stabilization_ms: int | None = None
    expiration_ms: int | None = None
    update_ms: int | None = None
    error_penalty_percent: int | None = None
    metric_names: tuple[str, ...] = ()


class Balancing(Part, frozen=True, cache_hash=True):
    """What a load balancing policy needs to know besides its name."""

    table_size: int | None = None
    """The smallest hash ring, or the size of the Maglev table."""
    hash_policy: HashPolicy | None = None
    warmup: Warmup | None = None
    utilization: Utilization | None = None
    weighs_localities: bool = False
    """Localities have shares of their own (`distribute`), whatever number of endpoints is in them."""


PLAIN_BALANCING = Balancing()
