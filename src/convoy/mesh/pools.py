"""connectionPool, retryBudget and tunnel: limits of connections and requests, and how they travel."""

from convoy.api.istio.destination_rule import (
    ConnectionPool,
    H2UpgradePolicy,
    Http2KeepAlive,
    HttpPool,
    TcpKeepalive,
    TcpPool,
)
from convoy.api.istio.destination_rule import RetryBudget as WrittenBudget
from convoy.api.istio.destination_rule import Tunnel as WrittenTunnel
from convoy.mesh.durations import milliseconds
from convoy.mesh.model import (
    UNLIMITED,
    Http2Pings,
    HttpVersion,
    Keepalive,
    Pool,
    RetryBudget,
    Tunnel,
)

_NO_TCP, _NO_HTTP = TcpPool(), HttpPool()
_BUDGET_PERCENT, _BUDGET_FLOOR = 20.0, 3


def resolve_pool(pool: ConnectionPool | None, budget: WrittenBudget | None) -> Pool:
    """The limits that two blocks of a traffic policy set."""
    if pool is None and budget is None:
        return UNLIMITED
    tcp = pool.tcp or _NO_TCP if pool else _NO_TCP
    http = pool.http or _NO_HTTP if pool else _NO_HTTP
    return Pool(
        max_connections=_limit(tcp.max_connections),
        max_pending_requests=_limit(http.http1_max_pending_requests),
        max_requests=_limit(http.http2_max_requests),
        max_retries=_limit(http.max_retries),
        max_requests_per_connection=_limit(http.max_requests_per_connection),
        max_connection_duration_ms=_optional_ms(tcp.max_connection_duration),
        http_idle_ms=_optional_ms(http.idle_timeout),
        tcp_idle_ms=_optional_ms(tcp.idle_timeout),
        keepalive=_keepalive(tcp.tcp_keepalive) if tcp.tcp_keepalive else None,
        http_version=_http_version(http),
        max_concurrent_streams=_limit(http.max_concurrent_streams),
        pings=_pings(http.http2_keep_alive) if http.http2_keep_alive else None,
        retry_budget=_budget(budget) if budget else None,
    )


def resolve_tunnel(tunnel: WrittenTunnel | None) -> Tunnel | None:
    """Where connections end that travel inside requests; an IPv6 target gets its brackets."""
    if tunnel is None:
        return None
    host = f"[{tunnel.target_host}]" if ":" in tunnel.target_host else tunnel.target_host
    return Tunnel(f"{host}:{tunnel.target_port}", tunnel.protocol.upper() == "POST")


def _limit(number: int | None) -> int | None:
    """0 is how protobuf leaves a number out, and no limit makes sense of it."""
    return number or None


def _optional_ms(text: str | None) -> int | None:
    return None if text is None else milliseconds(text)


def _http_version(http: HttpPool) -> HttpVersion | None:
    if http.use_client_protocol:
        return HttpVersion.AS_CALLER
    return HttpVersion.HTTP2 if http.h2_upgrade_policy is H2UpgradePolicy.UPGRADE else None


def _keepalive(settings: TcpKeepalive) -> Keepalive:
    return Keepalive(
        probes=_limit(settings.probes),
        time_seconds=_whole_seconds(settings.time),
        interval_seconds=_whole_seconds(settings.interval),
    )


def _whole_seconds(text: str | None) -> int | None:
    """What the socket option takes; a shorter time is the shortest that it takes."""
    return None if text is None else max(1, milliseconds(text) // 1000)


def _pings(settings: Http2KeepAlive) -> Http2Pings:
    return Http2Pings(milliseconds(settings.interval), milliseconds(settings.timeout))


def _budget(budget: WrittenBudget) -> RetryBudget:
    return RetryBudget(
        percent=_BUDGET_PERCENT if budget.percent is None else float(budget.percent),
        min_concurrency=(
            _BUDGET_FLOOR if budget.min_retry_concurrency is None else budget.min_retry_concurrency
        ),
        interval_ms=milliseconds(budget.budget_interval),
    )
