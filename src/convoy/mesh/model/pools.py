"""Connections to what is called: how many, for how long, in which HTTP version."""

import enum

from convoy.mesh.model.base import Part


class HttpVersion(enum.StrEnum):
    """What is spoken to endpoints where it is not what the port's protocol says."""

    HTTP2 = "HTTP2"
    AS_CALLER = "AS_CALLER"


class Keepalive(Part, frozen=True, cache_hash=True):
    """TCP keep-alive; None leaves a setting to the operating system."""

    probes: int | None = None
    time_seconds: int | None = None
    interval_seconds: int | None = None


class Http2Pings(Part, frozen=True, cache_hash=True):
    """HTTP/2 PINGs on open connections."""

    interval_ms: int
    timeout_ms: int


class RetryBudget(Part, frozen=True, cache_hash=True):
    """Retries at a time, as a share of the requests at that time."""

    percent: float
    min_concurrency: int
    interval_ms: int = 0
    """Also requests that began this long ago count."""


class Pool(Part, frozen=True, cache_hash=True):
    """Limits of the connections and requests to an upstream; None: no limit, or Envoy's default."""

    max_connections: int | None = None
    max_pending_requests: int | None = None
    max_requests: int | None = None
    max_retries: int | None = None
    max_requests_per_connection: int | None = None
    max_connection_duration_ms: int | None = None
    http_idle_ms: int | None = None
    tcp_idle_ms: int | None = None
    keepalive: Keepalive | None = None
    http_version: HttpVersion | None = None
    max_concurrent_streams: int | None = None
    pings: Http2Pings | None = None
    retry_budget: RetryBudget | None = None


UNLIMITED = Pool()


class Tunnel(Part, frozen=True, cache_hash=True):
    """Connections travel as the body of a CONNECT (or POST) request for a target."""

    target: str
    """`host:port`."""
    uses_post: bool = False


class ConnectionPolicy(Part, frozen=True, cache_hash=True):
    """What concerns connections that carry bytes to an upstream, where they come in."""

    idle_ms: int | None = None
    max_duration_ms: int | None = None
    hashes_source: bool = False
    tunnel: Tunnel | None = None


PLAIN_CONNECTIONS = ConnectionPolicy()
