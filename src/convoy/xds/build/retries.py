"""When a request is sent again, and to whom: to a host that has not failed it yet, while there is one."""

from envoy.config.route.v3 import route_components_pb2 as route_parts_v3
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2 as previous_hosts_v3

from convoy.mesh.model import RetryPolicy
from convoy.xds.build.packing import milliseconds, packed, uint32

_RETRIABLE_STATUS = "retriable-status-codes"


def build_retry_policy(retries: RetryPolicy) -> route_parts_v3.RetryPolicy | None:
    """Envoy's form of a policy; None when nothing is to be sent again."""
    if retries.attempts == 0:
        return None
    conditions = list(retries.retry_on)
    if retries.retriable_status_codes and _RETRIABLE_STATUS not in conditions:
        conditions.append(_RETRIABLE_STATUS)
    policy = route_parts_v3.RetryPolicy(
        retry_on=",".join(conditions),
        num_retries=uint32(retries.attempts),
        retriable_status_codes=retries.retriable_status_codes,
        retry_host_predicate=[_not_tried_before()],
        host_selection_retry_max_attempts=5,
    )
    if retries.per_try_timeout_ms:
        policy.per_try_timeout.CopyFrom(milliseconds(retries.per_try_timeout_ms))
    return policy


def build_inbound_retry_policy() -> route_parts_v3.RetryPolicy:
    """An application closes idle connections when it likes; a request that met a closed one is sent again."""
    return route_parts_v3.RetryPolicy(retry_on="reset-before-request", num_retries=uint32(2))


def _not_tried_before() -> route_parts_v3.RetryPolicy.RetryHostPredicate:
    return route_parts_v3.RetryPolicy.RetryHostPredicate(
        name="envoy.retry_host_predicates.previous_hosts",
        typed_config=packed(previous_hosts_v3.PreviousHostsPredicate()),
    )
