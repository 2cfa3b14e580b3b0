"""The decision: the node a pod goes to, or the reason why none will do, in Kubernetes' words. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from convoy.cluster.controllers.nodes import (
    UNSCHEDULABLE_TAINT,
    is_cordoned,
    matches_node,
    taints_of,
    tolerates,
    tolerations_of,
    untolerated,
)
from convoy.cluster.controllers.objects import Json
from convoy.cluster.scheduler.affinities import AffinityRules, SpreadRule, affinity_rules, spread_rules
from convoy.cluster.scheduler.demands import PODS, Demand, demand_of
from convoy.cluster.scheduler.scores import best_node
from convoy.cluster.scheduler.views import ClusterView, NodeView

_UNSCHEDULABLE = "node(s) were unschedulable"
_NO_MATCH = "node(s) didn't match Pod's node affinity/selector"
_NO_PORTS = "node(s) didn't have free ports for the requested pod ports"
_NOT_READY: Json = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
# No pod is ever driven out for another here, but the sentence is part of what people look for.
_NOT_HELPFUL = "Preemption is not helpful for scheduling"
_NO_VICTIMS = "No preemption victims found for incoming pod"


@dataclass(frozen=True, slots=True)
class Placement:
    """The pod goes there."""

    node: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The pod goes nowhere for now."""

    message: str


@dataclass(frozen=True, slots=True)
class _Rules:
    """What is worked out once for a pod and holds for all nodes."""

    pod: Json
    demand: Demand
    affinity: AffinityRules
    spread: tuple[SpreadRule, ...]


def plan_placement(pod: Json, view: ClusterView) -> Placement | Refusal:
    """Where a pod goes."""
    if not view.nodes:
        return Refusal("no nodes available to schedule pods")
    rules = _Rules(
        pod,
        demand_of(pod),
        affinity_rules(pod, view),
        tuple(spread_rules(pod, view, when="DoNotSchedule")),
    )
    refusals = [(node, _refusals(rules, node)) for node in view.nodes]
    candidates = [node for node, reasons in refusals if not reasons]
    if candidates:
        return Placement(best_node(pod, candidates, view).name)
    return Refusal(_describe([reasons for _, reasons in refusals]))


def describe_refusal(nodes: int, reason: str) -> str:
    """The sentence for a pod that no node is even asked for."""
    return f"0/{nodes} nodes are available: {reason}. preemption: 0/{nodes} nodes are available: " + (
        f"{nodes} {_NOT_HELPFUL}."
    )


def _refusals(rules: _Rules, node: NodeView) -> list[str]:
    """Why a pod cannot go to a node; the first reason alone, except that every lacking resource is told."""
    if (reason := _node_refusal(rules.pod, node)) is not None:
        return [reason]
    if any(want.collides(taken) for want in rules.demand.ports for taken in node.ports):
        return [_NO_PORTS]
    if lacking := _lacking(rules.demand, node):
        return lacking
    for rule in rules.spread:
        if (reason := rule.refusal(node)) is not None:
            return [reason]
    reason = rules.affinity.refusal(node)
    return [reason] if reason else []


def _node_refusal(pod: Json, node: NodeView) -> str | None:
    tolerations = tolerations_of(pod)
    if is_cordoned(node.node) and not any(tolerates(each, UNSCHEDULABLE_TAINT) for each in tolerations):
        return _UNSCHEDULABLE
    taints = [*taints_of(node.node), *([] if node.is_ready else [_NOT_READY])]
    taint = untolerated(taints, tolerations, "NoSchedule", "NoExecute")
    if taint is not None:
        return f"node(s) had untolerated taint {{{taint.get('key')}: {taint.get('value') or ''}}}"
    return None if matches_node(pod, node.node) else _NO_MATCH


def _lacking(demand: Demand, node: NodeView) -> list[str]:
    free = node.free()
    reasons = []
    if PODS in free and free[PODS] < demand.requests[PODS]:
        reasons.append("Too many pods")
    for name, amount in sorted(demand.requests.items()):
        if name != PODS and amount > 0 and amount > free.get(name, 0):
            reasons.append(f"Insufficient {name}")
    return reasons


def _describe(refusals: Sequence[Sequence[str]]) -> str:
    """`0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable. preemption: ...`"""
    total = len(refusals)
    counts = Counter(reason for reasons in refusals for reason in reasons)
    preemption = Counter(_NO_VICTIMS if _may_change(reasons) else _NOT_HELPFUL for reasons in refusals)
    why, helpless = (
        ", ".join(sorted(f"{number} {reason}" for reason, number in each.items()))
        for each in (counts, preemption)
    )
    available = f"0/{total} nodes are available"
    return f"{available}: {why}. preemption: {available}: {helpless}."


def _may_change(reasons: Sequence[str]) -> bool:
    """Whether fewer pods on the node would help."""
    unresolvable = (
        _UNSCHEDULABLE,
        _NO_MATCH,
        "node(s) had untolerated taint",
        "node(s) didn't match pod affinity",
    )
    return not any(
        reason.startswith(unresolvable) or "missing required label" in reason for reason in reasons
    )
