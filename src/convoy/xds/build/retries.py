"""When a request is sent again, and to whom: to a host that has not failed it yet, while there is one."""

from envoy.config.route.v3 import route_components_pb2 as route_parts_v3
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2 as previous_hosts_v3
from envoy.extensions.retry.priority.previous_priorities.v3 import (
    previous_priorities_config_pb2 as previous_priorities_v3,
)

from convoy.mesh.model import RetryPolicy
from convoy.xds.build.packing import milliseconds, packed, uint32

_RETRIABLE_STATUS = "retriable-status-codes"


def build_retry_policy(retries: RetryPolicy, *, is_hashed: bool = False) -> route_parts_v3.RetryPolicy | None:
    """Envoy's form of a policy; None when nothing is to be sent again.

    `is_hashed`: the host is chosen by a hash, so the one that was tried is wanted again.
    """
    if retries.attempts == 0:
        return None
    conditions = list(retries.retry_on)
    if retries.retriable_status_codes and _RETRIABLE_STATUS not in conditions:
        conditions.append(_RETRIABLE_STATUS)
    policy = route_parts_v3.RetryPolicy(
        retry_on=",".join(conditions),
        num_retries=uint32(retries.attempts),
        retriable_status_codes=retries.retriable_status_codes,
        host_selection_retry_max_attempts=5,
    )
    if retries.avoids_tried_hosts or (retries.avoids_tried_hosts is None and not is_hashed):
        policy.retry_host_predicate.append(_not_tried_before())
    if retries.leaves_locality:
        policy.retry_priority.CopyFrom(_not_tried_priorities())
    if retries.per_try_timeout_ms:
        policy.per_try_timeout.CopyFrom(milliseconds(retries.per_try_timeout_ms))
    if retries.backoff_ms:
        policy.retry_back_off.base_interval.CopyFrom(milliseconds(retries.backoff_ms))
    return policy


def build_inbound_retry_policy() -> route_parts_v3.RetryPolicy:
    """An application closes idle connections when it likes; a request that met a closed one is sent again."""
    return route_parts_v3.RetryPolicy(retry_on="reset-before-request", num_retries=uint32(2))


def _not_tried_before() -> route_parts_v3.RetryPolicy.RetryHostPredicate:
    return route_parts_v3.RetryPolicy.RetryHostPredicate(
        name="envoy.retry_host_predicates.previous_hosts",
        typed_config=packed(previous_hosts_v3.PreviousHostsPredicate()),
    )


def _not_tried_priorities() -> route_parts_v3.RetryPolicy.RetryPriority:
    # Every second attempt looks again which priorities were tried; Istio's number.
    config = previous_priorities_v3.PreviousPrioritiesConfig(update_frequency=2)
    return route_parts_v3.RetryPolicy.RetryPriority(
        name="envoy.retry_priorities.previous_priorities", typed_config=packed(config)
    )
