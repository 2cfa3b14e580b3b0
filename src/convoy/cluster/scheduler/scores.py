"""Which of several possible nodes is the best: marks from 0 to 100, weighted as Kubernetes does. Pure.

https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from convoy.cluster.controllers.endpoints.addresses import ZONE
from convoy.cluster.controllers.nodes import matches_term, taints_of, tolerates, tolerations_of
from convoy.cluster.controllers.objects import Json, is_deleting, spec_of
from convoy.cluster.controllers.owners import controller_of
from convoy.cluster.scheduler.affinities import (
    PREFERRED,
    domains_with,
    preferred_terms,
    required_terms,
    spread_rules,
)
from convoy.cluster.scheduler.demands import demand_of
from convoy.cluster.scheduler.views import ClusterView, NodeView

_WEIGHTS = {"room": 1.0, "taints": 3.0, "affinity": 2.0, "neighbours": 2.0, "spread": 2.0}


def best_node(pod: Json, candidates: Sequence[NodeView], view: ClusterView) -> NodeView:
    """The candidate with the highest marks; of equal ones that with the fewest pods, then by name."""
    marks = {
        "room": _room(pod, candidates),
        "taints": _normalized([-_unwelcome(pod, node) for node in candidates]),
        "affinity": _normalized([_wishes(pod, node) for node in candidates]),
        "neighbours": _normalized(_neighbours(pod, candidates, view)),
        "spread": _normalized([-each for each in _crowding(pod, candidates, view)]),
    }
    totals = [sum(_WEIGHTS[name] * marks[name][index] for name in marks) for index in range(len(candidates))]
    ranked = zip(candidates, totals, strict=True)
    return min(ranked, key=lambda each: (-round(each[1], 6), len(each[0].pods), each[0].name))[0]


def _normalized(values: Sequence[float]) -> list[float]:
    """Marks from 0 for the least to 100 for the most; all equal when the values are."""
    least, most = min(values), max(values)
    if least == most:
        return [0.0] * len(values)
    return [100.0 * (value - least) / (most - least) for value in values]


def _room(pod: Json, candidates: Sequence[NodeView]) -> list[float]:
    """How much of CPU and memory stays free, on average, in per cent."""
    requests = demand_of(pod).requests
    marks = []
    for node in candidates:
        free, total = node.free(), Counter(node.used)
        shares = []
        for name in ("cpu", "memory"):
            have = free.get(name, 0) + total.get(name, 0)
            if have > 0:
                shares.append(max(0.0, (free[name] - requests.get(name, 0)) / have))
        marks.append(100.0 * sum(shares) / len(shares) if shares else 0.0)
    return marks


def _unwelcome(pod: Json, node: NodeView) -> int:
    tolerations = tolerations_of(pod)
    soft = [taint for taint in taints_of(node.node) if taint.get("effect") == "PreferNoSchedule"]
    return sum(not any(tolerates(each, taint) for each in tolerations) for taint in soft)


def _wishes(pod: Json, node: NodeView) -> int:
    affinity = (spec_of(pod).get("affinity") or {}).get("nodeAffinity") or {}
    return sum(
        int(each.get("weight") or 0)
        for each in affinity.get(PREFERRED) or ()
        if matches_term(each.get("preference") or {}, node.node)
    )


def _neighbours(pod: Json, candidates: Sequence[NodeView], view: ClusterView) -> list[float]:
    """Preferred pods near by, as the pod wishes and as pods that are there wish."""
    marks = [0.0] * len(candidates)

    def add(key: str, domains: Mapping[str, int], weight: float) -> None:
        for index, node in enumerate(candidates):
            marks[index] += weight * domains.get(node.labels.get(key, ""), 0)

    for kind, sign in (("podAffinity", 1.0), ("podAntiAffinity", -1.0)):
        for weight, term in preferred_terms(pod, kind):
            add(term.topology_key, domains_with(term, view), sign * weight)
        for node, other in view.pods():
            wishes = preferred_terms(other, kind)
            if kind == "podAffinity":
                wishes += [(1, term) for term in required_terms(other, kind)]
            for weight, term in wishes:
                domain = node.labels.get(term.topology_key)
                if domain is not None and term.matches(pod, view.namespaces):
                    add(term.topology_key, {domain: 1}, sign * weight)
    return marks


def _crowding(pod: Json, candidates: Sequence[NodeView], view: ClusterView) -> list[float]:
    """How crowded each node and its zone are: by the pod's soft constraints, else by pods of its owner."""
    rules = spread_rules(pod, view, when="ScheduleAnyway")
    if rules:
        return [
            sum(
                rule.skew(node.labels[rule.topology_key]) if rule.topology_key in node.labels else 1000.0
                for rule in rules
            )
            for node in candidates
        ]
    owner = (controller_of(pod) or {}).get("uid")
    if owner is None:
        return [0.0] * len(candidates)
    on_node = {node.name: _siblings(owner, node.pods) for node in view.nodes}
    in_zone: Counter[str] = Counter()
    for node in view.nodes:
        in_zone[node.labels.get(ZONE, "")] += on_node[node.name]
    return [3.0 * on_node[node.name] + 5.0 * in_zone[node.labels.get(ZONE, "")] for node in candidates]


def _siblings(owner: str, pods: Iterable[Json]) -> int:
    return sum((controller_of(each) or {}).get("uid") == owner and not is_deleting(each) for each in pods)
