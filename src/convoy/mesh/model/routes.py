"""Where requests and connections go."""

import enum

from convoy.mesh.model.base import Part
from convoy.mesh.model.upstreams import UpstreamKey


class MatchKind(enum.StrEnum):
    """How a text is compared; PRESENT asks only that there is one."""

    EXACT = "EXACT"
    PREFIX = "PREFIX"
    REGEX = "REGEX"
    PRESENT = "PRESENT"


class TextMatch(Part, frozen=True, cache_hash=True):
    """A condition on a text; `value` is empty for PRESENT."""

    kind: MatchKind
    value: str = ""


class PathMatch(Part, frozen=True, cache_hash=True):
    """A condition on a request's path, without its query."""

    text: TextMatch
    ignore_case: bool = False


class HeaderMatch(Part, frozen=True, cache_hash=True):
    """Pseudo-headers (`:method`, `:authority`, `:scheme`) are matched like headers."""

    name: str
    text: TextMatch
    is_inverted: bool = False


class QueryMatch(Part, frozen=True, cache_hash=True):
    """A condition on one query parameter."""

    name: str
    text: TextMatch


class RouteMatch(Part, frozen=True, cache_hash=True):
    """Conditions that must all hold; none of them: every request."""

    path: PathMatch | None = None
    headers: tuple[HeaderMatch, ...] = ()
    queries: tuple[QueryMatch, ...] = ()


class WeightedUpstream(Part, frozen=True, cache_hash=True):
    """A destination and its share; the shares of a rule are relative to their sum."""

    key: UpstreamKey
    weight: int


class RetryPolicy(Part, frozen=True, cache_hash=True):
    """`attempts` counts retries; 0 means none."""

    attempts: int
    retry_on: tuple[str, ...]
    retriable_status_codes: tuple[int, ...]
    per_try_timeout_ms: int = 0
    """0: as long as the request's own timeout."""


class RuleRef(Part, frozen=True, cache_hash=True):
    """The rule of the user's object that a route comes from; routes name it, other resources do not."""

    kind: str
    namespace: str
    name: str
    rule: str
    """The rule's own name, or its index as in `http[0]`; with `.match[1]` where it has several matches."""


class RouteRule(Part, frozen=True, cache_hash=True):
    """Where requests of one match go. `origin` is None for the route that a service has by default."""

    match: RouteMatch
    destinations: tuple[WeightedUpstream, ...]
    """Weights above 0; none left: requests are answered with 503."""
    timeout_ms: int
    """0: no limit."""
    retries: RetryPolicy
    origin: RuleRef | None = None
    name: str = ""
    """The user's name for the rule, or `default`."""


class HostRoutes(Part, frozen=True, cache_hash=True):
    """Rules for the requests of one host, in the order in which they are tried."""

    host: str
    port: int
    domains: tuple[str, ...]
    """Every spelling of the host that requests may carry, without ports."""
    rules: tuple[RouteRule, ...]


class Fallback(enum.StrEnum):
    """What happens to requests of no known host."""

    PASSTHROUGH = "PASSTHROUGH"
    BLOCK = "BLOCK"
    NOT_FOUND = "NOT_FOUND"


class PortRoutes(Part, frozen=True, cache_hash=True):
    """All hosts that share an HTTP port: one Envoy RouteConfiguration."""

    port: int
    hosts: tuple[HostRoutes, ...]
    fallback: Fallback


class TcpRoute(Part, frozen=True, cache_hash=True):
    """Connections to one address and port, all to the same upstreams."""

    vip: str
    """`0.0.0.0` when the service has no address of its own."""
    port: int
    destinations: tuple[WeightedUpstream, ...]


class SniffedRoute(Part, frozen=True, cache_hash=True):
    """A port of protocol AUTO at one address: HTTP when it looks like it, else bytes."""

    vip: str
    port: int
    routes: PortRoutes
    destinations: tuple[WeightedUpstream, ...]
    """Where connections go that are not HTTP."""
