"""Where requests and connections go."""

import enum

from convoy.mesh.model.balancing import HashPolicy
from convoy.mesh.model.base import Part
from convoy.mesh.model.cors import CorsPolicy
from convoy.mesh.model.http_actions import (
    NO_EDITS,
    DirectResponse,
    Fault,
    HeaderEdits,
    Mirror,
    Redirect,
    Rewrite,
)
from convoy.mesh.model.matches import RouteMatch
from convoy.mesh.model.pools import PLAIN_CONNECTIONS, ConnectionPolicy
from convoy.mesh.model.upstreams import UpstreamKey


class WeightedUpstream(Part, frozen=True, cache_hash=True):
    """A destination and its share; the shares of a rule are relative to their sum."""

    key: UpstreamKey
    weight: int
    edits: HeaderEdits = NO_EDITS
    """Of requests that go here; only in HTTP rules."""
    connections: ConnectionPolicy = PLAIN_CONNECTIONS
    """Of connections that go here; only where they carry bytes."""


class RetryPolicy(Part, frozen=True, cache_hash=True):
    """`attempts` counts retries; 0 means none."""

    attempts: int
    retry_on: tuple[str, ...]
    retriable_status_codes: tuple[int, ...]
    per_try_timeout_ms: int = 0
    """0: as long as the request's own timeout."""
    backoff_ms: int = 0
    """The wait before the first retry; 0: Envoy's own choice, 25 ms."""
    avoids_tried_hosts: bool | None = None
    """None: unless the host is chosen by a hash, for then the same host is wanted again."""
    leaves_locality: bool = False
    """A retry may go to endpoints of the next priority while the first still has healthy ones."""


class RuleRef(Part, frozen=True, cache_hash=True):
    """The rule of the user's object that a route comes from; routes name it, other resources do not."""

    kind: str
    namespace: str
    name: str
    rule: str
    """The rule's own name, or its index as in `http[0]`; with `.match[1]` where it has several matches."""


class RouteRule(Part, frozen=True, cache_hash=True):
    """Where requests of one match go. `origin` is None for the route that a service has by default.

    With a `redirect` or an `answer` they go nowhere, and there are no destinations.
    """

    match: RouteMatch
    destinations: tuple[WeightedUpstream, ...]
    """Weights above 0; none left: requests are answered with 503."""
    timeout_ms: int
    """0: no limit."""
    retries: RetryPolicy
    origin: RuleRef | None = None
    name: str = ""
    """The user's name for the rule, or `default`."""
    redirect: Redirect | None = None
    answer: DirectResponse | None = None
    rewrite: Rewrite | None = None
    edits: HeaderEdits = NO_EDITS
    fault: Fault | None = None
    mirrors: tuple[Mirror, ...] = ()
    cors: CorsPolicy | None = None
    stat_prefix: str = ""
    """Statistics of its own under this name; empty: none."""
    hash_policies: tuple[HashPolicy, ...] = ()
    """By what requests are told apart where endpoints are chosen by hash."""


class HostRoutes(Part, frozen=True, cache_hash=True):
    """Rules for the requests of one host, in the order in which they are tried."""

    host: str
    port: int
    domains: tuple[str, ...]
    """Every spelling of the host that requests may carry, without ports."""
    rules: tuple[RouteRule, ...]
    requires_tls: bool = False
    """Requests without TLS are sent to the same place with it."""


class Fallback(enum.StrEnum):
    """What happens to requests of no known host."""

    PASSTHROUGH = "PASSTHROUGH"
    RESOLVE = "RESOLVE"
    """They go where the host that they name resolves to."""
    BLOCK = "BLOCK"
    NOT_FOUND = "NOT_FOUND"


class PortRoutes(Part, frozen=True, cache_hash=True):
    """All hosts that share an HTTP port: one Envoy RouteConfiguration."""

    port: int
    """0: of all ports, and requests say with the host which one they mean."""
    hosts: tuple[HostRoutes, ...]
    fallback: Fallback
    egress_proxy: UpstreamKey | None = None
    """Where PASSTHROUGH leads instead of the address that was dialled."""
