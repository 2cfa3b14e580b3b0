"""The policy in force for one port of one subset.

A subset's policy overrides the rule's field by field (a whole `tls`, `loadBalancer` or `connectionPool` block
at a time). A port's policy replaces instead: what it leaves out is the default again, not what the level
above it says.
"""

import msgspec

from convoy.api.istio.destination_rule import (
    ClientTlsMode,
    ClientTlsSettings,
    ConnectionPool,
    LoadBalancer,
    PortTrafficPolicy,
    SimpleLb,
    Subset,
    TrafficPolicy,
)
from convoy.mesh.destination_rules import MergedRule
from convoy.mesh.durations import milliseconds
from convoy.mesh.model import LbPolicy, Part

_LB_POLICIES = {SimpleLb.ROUND_ROBIN: LbPolicy.ROUND_ROBIN, SimpleLb.RANDOM: LbPolicy.RANDOM}


class Policy(Part, frozen=True, cache_hash=True):
    """What a DestinationRule says about one port. `tls_mode` None: decide automatically."""

    tls_mode: ClientTlsMode | None
    sni: str
    subject_alt_names: tuple[str, ...]
    lb_policy: LbPolicy
    keeps_address: bool
    """Connections go to the address the application chose (simple: PASSTHROUGH)."""
    connect_timeout_ms: int


class _Blocks(msgspec.Struct, frozen=True):
    tls: ClientTlsSettings | None = None
    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None


def resolve_policy(
    rule: MergedRule | None, subset: Subset | None, *, port: int, connect_timeout_ms: int
) -> Policy:
    """The policy for a service port, by its number, and a subset of the rule (None: the service as a
    whole).
    """
    blocks = _override(_Blocks(), rule.traffic_policy if rule else None, port)
    blocks = _override(blocks, subset.traffic_policy if subset else None, port)
    tls, balancer = blocks.tls, blocks.load_balancer
    simple = balancer.simple if balancer else None
    tcp = blocks.connection_pool.tcp if blocks.connection_pool else None
    timeout = tcp.connect_timeout if tcp else None
    return Policy(
        tls_mode=tls.mode if tls else None,
        sni=tls.sni if tls else "",
        subject_alt_names=tuple(sorted(set(tls.subject_alt_names))) if tls else (),
        lb_policy=_LB_POLICIES.get(simple, LbPolicy.LEAST_REQUEST) if simple else LbPolicy.LEAST_REQUEST,
        keeps_address=simple is SimpleLb.PASSTHROUGH,
        connect_timeout_ms=milliseconds(timeout, default=connect_timeout_ms),
    )


def _override(blocks: _Blocks, policy: TrafficPolicy | None, port: int) -> _Blocks:
    if policy is None:
        return blocks
    at_port = next((level for level in policy.port_level_settings if _is_for(level, port)), None)
    if at_port:
        return _Blocks(at_port.tls, at_port.load_balancer, at_port.connection_pool)
    return _Blocks(
        policy.tls or blocks.tls,
        policy.load_balancer or blocks.load_balancer,
        policy.connection_pool or blocks.connection_pool,
    )


def _is_for(level: PortTrafficPolicy, port: int) -> bool:
    return level.port is not None and level.port.number == port
