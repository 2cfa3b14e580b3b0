"""How a cluster chooses among its endpoints."""

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.core.v3 import extension_pb2 as extension_v3
from envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3 import (
    client_side_weighted_round_robin_pb2 as weighted_v3,
)
from envoy.extensions.load_balancing_policies.wrr_locality.v3 import wrr_locality_pb2 as wrr_locality_v3
from google.protobuf.message import Message

from convoy.mesh.model import Balancing, LbPolicy, Utilization, Warmup
from convoy.xds.build.packing import milliseconds, packed

_LB_POLICIES = {
    LbPolicy.LEAST_REQUEST: cluster_v3.Cluster.LEAST_REQUEST,
    LbPolicy.ROUND_ROBIN: cluster_v3.Cluster.ROUND_ROBIN,
    LbPolicy.RANDOM: cluster_v3.Cluster.RANDOM,
    LbPolicy.RING_HASH: cluster_v3.Cluster.RING_HASH,
    LbPolicy.MAGLEV: cluster_v3.Cluster.MAGLEV,
    # What Envoy falls back to; the policy itself is an extension.
    LbPolicy.UTILIZATION: cluster_v3.Cluster.ROUND_ROBIN,
}


def apply_balancing(cluster: cluster_v3.Cluster, policy: LbPolicy, balancing: Balancing) -> None:
    """Set the policy of a cluster that has endpoints to choose from."""
    cluster.lb_policy = _LB_POLICIES[policy]
    if policy is LbPolicy.RING_HASH and balancing.table_size:
        cluster.ring_hash_lb_config.minimum_ring_size.value = balancing.table_size
    if policy is LbPolicy.MAGLEV and balancing.table_size:
        cluster.maglev_lb_config.table_size.value = balancing.table_size
    if balancing.warmup:
        _apply_warmup(cluster, policy, balancing.warmup)
    if policy is LbPolicy.UTILIZATION:
        _apply_utilization(cluster, balancing)
    elif balancing.weighs_localities:
        cluster.common_lb_config.locality_weighted_lb_config.SetInParent()


def _apply_warmup(cluster: cluster_v3.Cluster, policy: LbPolicy, warmup: Warmup) -> None:
    config = cluster_v3.Cluster.SlowStartConfig(
        slow_start_window=milliseconds(warmup.duration_ms),
        aggression=core_v3.RuntimeDouble(
            default_value=warmup.aggression, runtime_key="slow_start.aggression"
        ),
    )
    config.min_weight_percent.value = warmup.minimum_percent
    if policy is LbPolicy.ROUND_ROBIN:
        cluster.round_robin_lb_config.slow_start_config.CopyFrom(config)
    else:
        cluster.least_request_lb_config.slow_start_config.CopyFrom(config)


def _apply_utilization(cluster: cluster_v3.Cluster, balancing: Balancing) -> None:
    weighted = _policy(
        "envoy.load_balancing_policies.client_side_weighted_round_robin",
        _weighted_round_robin(balancing.utilization or Utilization()),
    )
    if balancing.weighs_localities:
        weighted = _policy(
            "envoy.load_balancing_policies.wrr_locality",
            wrr_locality_v3.WrrLocality(
                endpoint_picking_policy=cluster_v3.LoadBalancingPolicy(policies=[weighted])
            ),
        )
    cluster.load_balancing_policy.policies.append(weighted)


def _policy(name: str, config: Message) -> cluster_v3.LoadBalancingPolicy.Policy:
    return cluster_v3.LoadBalancingPolicy.Policy(
        typed_extension_config=extension_v3.TypedExtensionConfig(name=name, typed_config=packed(config))
    )


def _weighted_round_robin(settings: Utilization) -> weighted_v3.ClientSideWeightedRoundRobin:
    config = weighted_v3.ClientSideWeightedRoundRobin(
        metric_names_for_computing_utilization=settings.metric_names
    )
    if settings.stabilization_ms is not None:
        config.blackout_period.CopyFrom(milliseconds(settings.stabilization_ms))
    if settings.expiration_ms is not None:
        config.weight_expiration_period.CopyFrom(milliseconds(settings.expiration_ms))
    if settings.update_ms is not None:
        config.weight_update_period.CopyFrom(milliseconds(settings.update_ms))
    if settings.error_penalty_percent is not None:
        config.error_utilization_penalty.value = settings.error_penalty_percent / 100
    return config
