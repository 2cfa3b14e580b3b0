"""loadBalancer: which algorithm, by what requests are told apart, and how localities count.

Of a whole `loadBalancer` block nothing is inherited from another one, except that a block without a locality
setting has the mesh's.
"""

import msgspec

from convoy.api.istio.destination_rule import (
    BackendUtilization,
    ConsistentHash,
    HttpCookie,
    LoadBalancer,
    LocalityFailover,
    LocalityLbSetting,
    SimpleLb,
    ZoneAwareLbSetting,
)
from convoy.mesh.durations import milliseconds
from convoy.mesh.model import (
    PLAIN_BALANCING,
    Balancing,
    Distribution,
    HashPolicy,
    HashSource,
    LbPolicy,
    LocalityPolicy,
    Utilization,
    Warmup,
)

DEFAULT_RING = 1024
_DEFAULT_MAGLEV = 65537
_SMALLEST_ZONED = 6

_SIMPLE = {SimpleLb.ROUND_ROBIN: LbPolicy.ROUND_ROBIN, SimpleLb.RANDOM: LbPolicy.RANDOM}
_WARMED_UP = (LbPolicy.ROUND_ROBIN, LbPolicy.LEAST_REQUEST)


class Choice(msgspec.Struct, frozen=True):
    """How an endpoint is chosen. `keeps_address`: it is not, the application has chosen (PASSTHROUGH)."""

    policy: LbPolicy = LbPolicy.LEAST_REQUEST
    balancing: Balancing = PLAIN_BALANCING
    keeps_address: bool = False


def resolve_choice(balancer: LoadBalancer | None, locality: LocalityPolicy | None) -> Choice:
    """The algorithm of a `loadBalancer` block; `locality` is what holds for the upstream."""
    weighs = bool(locality and (locality.distributions or locality.zone_aware_from is not None))
    if balancer is None:
        return Choice(balancing=Balancing(weighs_localities=True) if weighs else PLAIN_BALANCING)
    if balancer.consistent_hash:
        return _hashed(balancer.consistent_hash, weighs=weighs)
    policy = LbPolicy.LEAST_REQUEST
    if balancer.backend_utilization:
        policy = LbPolicy.UTILIZATION
    elif balancer.simple:
        policy = _SIMPLE.get(balancer.simple, policy)
    balancing = Balancing(
        warmup=_warmup(balancer) if policy in _WARMED_UP else None,
        utilization=_utilization(balancer.backend_utilization) if balancer.backend_utilization else None,
        weighs_localities=weighs,
    )
    return Choice(policy, balancing, balancer.simple is SimpleLb.PASSTHROUGH)


def resolve_localities(
    balancer: LoadBalancer | None, default: LocalityPolicy, *, ejects: bool
) -> LocalityPolicy | None:
    """How localities count for an upstream; None when they do not.

    `default` is the mesh's. `ejects`: the upstream has outlier detection, without which Envoy would never
    leave the first priority.
    """
    if balancer and balancer.zone_aware_lb_setting:
        policy = _zone_aware(balancer.zone_aware_lb_setting)
    elif balancer and balancer.locality_lb_setting:
        policy = locality_policy(balancer.locality_lb_setting)
    else:
        policy = default
    if policy.distributions:
        return LocalityPolicy(distributions=policy.distributions)
    if policy.fails_over and ejects:
        return policy
    if policy.zone_aware_from is not None:
        return LocalityPolicy(zone_aware_from=policy.zone_aware_from)
    return None


def locality_policy(setting: LocalityLbSetting) -> LocalityPolicy:
    """What a setting says, of a rule or of the mesh."""
    if setting.enabled is False:
        return LocalityPolicy()
    return LocalityPolicy(
        distributions=tuple(
            Distribution(one.from_, tuple(sorted(one.to.items()))) for one in setting.distribute
        ),
        fails_over=True,
        failover_regions=_regions(setting.failover),
        priority_labels=tuple(setting.failover_priority),
    )


def _zone_aware(setting: ZoneAwareLbSetting) -> LocalityPolicy:
    if setting.enabled is False:
        return LocalityPolicy()
    return LocalityPolicy(
        fails_over=True,
        failover_regions=_regions(setting.failover),
        priority_labels=tuple(setting.failover_priority),
        zone_aware_from=_SMALLEST_ZONED if setting.min_cluster_size is None else setting.min_cluster_size,
    )


def _regions(failover: list[LocalityFailover]) -> tuple[tuple[str, str], ...]:
    return tuple((one.from_, one.to) for one in failover)


def _hashed(settings: ConsistentHash, *, weighs: bool) -> Choice:
    if settings.maglev:
        size = settings.maglev.table_size or _DEFAULT_MAGLEV
        return Choice(LbPolicy.MAGLEV, Balancing(size, _hash_policy(settings), weighs_localities=weighs))
    wanted = settings.ring_hash.minimum_ring_size if settings.ring_hash else settings.minimum_ring_size
    return Choice(
        LbPolicy.RING_HASH,
        Balancing(wanted or DEFAULT_RING, _hash_policy(settings), weighs_localities=weighs),
    )


def _hash_policy(settings: ConsistentHash) -> HashPolicy | None:
    if settings.http_header_name:
        return HashPolicy(HashSource.HEADER, settings.http_header_name)
    if settings.http_cookie:
        return _cookie(settings.http_cookie)
    if settings.use_source_ip:
        return HashPolicy(HashSource.SOURCE_IP)
    if settings.http_query_parameter_name:
        return HashPolicy(HashSource.QUERY, settings.http_query_parameter_name)
    return None


def _cookie(cookie: HttpCookie) -> HashPolicy:
    return HashPolicy(
        HashSource.COOKIE,
        cookie.name,
        path=cookie.path,
        ttl_ms=milliseconds(cookie.ttl) if cookie.ttl is not None else None,
        attributes=tuple((one.name, one.value) for one in cookie.attributes),
    )


def _warmup(balancer: LoadBalancer) -> Warmup | None:
    block = balancer.warmup
    duration = milliseconds(block.duration if block else balancer.warmup_duration_secs)
    if not duration:
        return None
    percent = block.minimum_percent if block else None
    aggression = block.aggression if block else None
    return Warmup(
        duration,
        10.0 if percent is None else float(percent),
        1.0 if aggression is None else float(aggression),
    )


def _utilization(settings: BackendUtilization) -> Utilization:
    def optional(text: str | None) -> int | None:
        return None if text is None else milliseconds(text)

    return Utilization(
        stabilization_ms=optional(settings.weight_stabilization_period),
        expiration_ms=optional(settings.weight_expiration_period),
        update_ms=optional(settings.weight_update_period),
        error_penalty_percent=settings.error_utilization_penalty_percent,
        metric_names=tuple(settings.metric_names_for_computing_utilization),
    )
