"""The policy in force for one port of one subset.

A subset's policy overrides the rule's field by field (a whole `tls`, `loadBalancer` or `connectionPool` block
at a time). A port's policy replaces instead: what it leaves out is the default again, not what the level
above it says; only what a port's policy cannot say (`tunnel`, `proxyProtocol`, `retryBudget`) stays. The
mesh's own default policy fills in blocks that are still empty.
"""

import msgspec

from convoy.api.istio.destination_rule import (
    ClientTlsSettings,
    ConnectionPool,
    H2UpgradePolicy,
    LoadBalancer,
    OutlierDetection,
    PortTrafficPolicy,
    ProxyProtocol,
    RetryBudget,
    Subset,
    TrafficPolicy,
    Tunnel,
)
from convoy.mesh.balancing import Choice, locality_policy, resolve_choice, resolve_localities
from convoy.mesh.durations import milliseconds
from convoy.mesh.host_rules import MergedRule
from convoy.mesh.model import LocalityPolicy, MeshSettings, Outliers, Pool, ProxyHeader
from convoy.mesh.model import Tunnel as ResolvedTunnel
from convoy.mesh.outliers import resolve_outliers
from convoy.mesh.pools import resolve_pool, resolve_tunnel


class Policy(msgspec.Struct, frozen=True, eq=False):
    """What a DestinationRule says about one port. `tls` None: decide automatically."""

    tls: ClientTlsSettings | None
    choice: Choice
    locality: LocalityPolicy | None
    connect_timeout_ms: int
    pool: Pool
    keeps_http_version: bool
    """The mesh must not upgrade requests (DO_NOT_UPGRADE)."""
    outliers: Outliers | None
    tunnel: ResolvedTunnel | None
    proxy_header: ProxyHeader


class _Blocks(msgspec.Struct, frozen=True):
    tls: ClientTlsSettings | None = None
    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tunnel: Tunnel | None = None
    proxy_protocol: ProxyProtocol | None = None
    retry_budget: RetryBudget | None = None


def resolve_policy(
    rule: MergedRule | None, subset: Subset | None, *, port: int, settings: MeshSettings
) -> Policy:
    """The policy for a service port, by its number, and a subset of the rule (None: the service as a
    whole).
    """
    blocks = _override(_Blocks(), rule.traffic_policy if rule else None, port)
    blocks = _override(blocks, subset.traffic_policy if subset else None, port)
    blocks = _filled_in(blocks, settings.default_traffic_policy)
    pool = blocks.connection_pool
    timeout = pool.tcp.connect_timeout if pool and pool.tcp else None
    outliers = resolve_outliers(blocks.outlier_detection)
    default = locality_policy(settings.locality_lb)
    locality = resolve_localities(blocks.load_balancer, default, ejects=outliers is not None)
    upgrade = pool.http.h2_upgrade_policy if pool and pool.http else None
    return Policy(
        tls=blocks.tls,
        choice=resolve_choice(blocks.load_balancer, locality),
        locality=locality,
        connect_timeout_ms=milliseconds(timeout, default=settings.connect_timeout_ms),
        pool=resolve_pool(pool, blocks.retry_budget),
        keeps_http_version=upgrade is H2UpgradePolicy.DO_NOT_UPGRADE,
        outliers=outliers,
        tunnel=resolve_tunnel(blocks.tunnel),
        proxy_header=_proxy_header(blocks.proxy_protocol),
    )


def connection_pool(rule: MergedRule, *, port: int) -> ConnectionPool | None:
    """What a rule says of the connections to a service port, by its number, as a whole."""
    return _override(_Blocks(), rule.traffic_policy, port).connection_pool


def _override(blocks: _Blocks, policy: TrafficPolicy | None, port: int) -> _Blocks:
    if policy is None:
        return blocks
    at_port = next((level for level in policy.port_level_settings if _is_for(level, port)), None)
    level = at_port or policy
    return _Blocks(
        tls=level.tls if at_port else policy.tls or blocks.tls,
        load_balancer=level.load_balancer if at_port else policy.load_balancer or blocks.load_balancer,
        connection_pool=level.connection_pool
        if at_port
        else policy.connection_pool or blocks.connection_pool,
        outlier_detection=(
            level.outlier_detection if at_port else policy.outlier_detection or blocks.outlier_detection
        ),
        tunnel=policy.tunnel or blocks.tunnel,
        proxy_protocol=policy.proxy_protocol or blocks.proxy_protocol,
        retry_budget=policy.retry_budget or blocks.retry_budget,
    )


def _filled_in(blocks: _Blocks, default: TrafficPolicy | None) -> _Blocks:
    if default is None:
        return blocks
    return _Blocks(
        tls=blocks.tls or default.tls,
        load_balancer=blocks.load_balancer or default.load_balancer,
        connection_pool=blocks.connection_pool or default.connection_pool,
        outlier_detection=blocks.outlier_detection or default.outlier_detection,
        tunnel=blocks.tunnel or default.tunnel,
        proxy_protocol=blocks.proxy_protocol or default.proxy_protocol,
        retry_budget=blocks.retry_budget or default.retry_budget,
    )


def _is_for(level: PortTrafficPolicy, port: int) -> bool:
    return level.port is not None and level.port.number == port


def _proxy_header(written: ProxyProtocol | None) -> ProxyHeader:
    if written is None:
        return ProxyHeader.NONE
    return ProxyHeader.V2 if written.version.upper() == "V2" else ProxyHeader.V1
