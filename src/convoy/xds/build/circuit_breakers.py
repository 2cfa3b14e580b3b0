"""How many connections, requests and retries a cluster has at a time."""

from envoy.config.cluster.v3 import circuit_breaker_pb2 as circuit_breaker_v3
from envoy.type.v3 import percent_pb2 as percent_v3

from convoy.mesh.model import UNLIMITED, Pool, RetryBudget
from convoy.xds.build.packing import milliseconds, uint32

_Thresholds = circuit_breaker_v3.CircuitBreakers.Thresholds
_NO_LIMIT = 2**32 - 1

_BUDGET_INTERVAL = 3
_LENGTH_DELIMITED = 2


def build_circuit_breakers(pool: Pool) -> circuit_breaker_v3.CircuitBreakers:
    """The limits that a pool sets, and no others.

    Envoy's own defaults (1,024 connections, 3 retries) would break busy services nobody set limits for.
    """
    thresholds = _Thresholds(
        max_connections=uint32(pool.max_connections or _NO_LIMIT),
        max_pending_requests=uint32(pool.max_pending_requests or _NO_LIMIT),
        max_requests=uint32(pool.max_requests or _NO_LIMIT),
        max_retries=uint32(pool.max_retries or _NO_LIMIT),
        track_remaining=True,
    )
    if pool.retry_budget:
        thresholds.retry_budget.CopyFrom(_retry_budget(pool.retry_budget))
    return circuit_breaker_v3.CircuitBreakers(thresholds=[thresholds])


def without_limits() -> circuit_breaker_v3.CircuitBreakers:
    """For clusters that no rule is about."""
    return build_circuit_breakers(UNLIMITED)


def _retry_budget(budget: RetryBudget) -> circuit_breaker_v3.CircuitBreakers.Thresholds.RetryBudget:
    made = _Thresholds.RetryBudget(
        budget_percent=percent_v3.Percent(value=budget.percent),
        min_retry_concurrency=uint32(budget.min_concurrency),
    )
    if budget.interval_ms:
        # `budget_interval`: Envoy 1.40 has it, the Python messages are older. Both are unknown to each other
        # only by name, so the field goes in as it is encoded.
        value = milliseconds(budget.interval_ms).SerializeToString(deterministic=True)
        made.MergeFromString(bytes([_BUDGET_INTERVAL << 3 | _LENGTH_DELIMITED, len(value)]) + value)
    return made
