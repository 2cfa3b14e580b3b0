"""Pods that want to be near other pods, or away from them, and pods spread evenly. Pure.

Nearness is measured by a label of nodes: two nodes with the same value are one domain.
https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
and topology-spread-constraints/ beside it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from convoy.cluster.controllers.nodes import matches_node
from convoy.cluster.controllers.objects import Json, is_deleting, labels_of, namespace_of, spec_of
from convoy.cluster.scheduler.views import ClusterView, NodeView
from convoy.cluster.store.selectors import LabelSelector, label_selector_of

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True, slots=True)
class Term:
    """One wish about other pods: which ones, in which namespaces, within which kind of domain."""

    selector: LabelSelector
    namespaces: frozenset[str]
    namespace_selector: LabelSelector | None
    topology_key: str

    def matches(self, pod: Json, namespaces: Mapping[str, Mapping[str, str]]) -> bool:
        """Whether a pod is one of those."""
        return self._is_in(namespace_of(pod), namespaces) and self.selector.matches(labels_of(pod))

    def _is_in(self, namespace: str, namespaces: Mapping[str, Mapping[str, str]]) -> bool:
        if namespace in self.namespaces:
            return True
        selector = self.namespace_selector
        return selector is not None and selector.matches(namespaces.get(namespace, {}))


def _with_label_keys(selector: Json | None, pod: Json, entry: Json) -> Json | None:
    """The selector, narrowed to the pod's own values of `matchLabelKeys`, away from `mismatchLabelKeys`."""
    if selector is None:
        return None
    labels, expressions = labels_of(pod), list(selector.get("matchExpressions") or ())
    for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        for key in entry.get(field) or ():
            if key in labels:
                expressions.append({"key": key, "operator": operator, "values": [labels[key]]})
    return {**selector, "matchExpressions": expressions}


def _term(entry: Json, pod: Json) -> Term:
    named = frozenset(entry.get("namespaces") or ())
    by_labels = entry.get("namespaceSelector")
    if not named and by_labels is None:
        named = frozenset({namespace_of(pod)})
    return Term(
        label_selector_of(_with_label_keys(entry.get("labelSelector"), pod, entry)),
        named,
        None if by_labels is None else label_selector_of(by_labels),
        entry.get("topologyKey") or "",
    )


def required_terms(pod: Json, kind: str) -> list[Term]:
    """What a pod demands; `kind` is podAffinity or podAntiAffinity."""
    wishes = (spec_of(pod).get("affinity") or {}).get(kind) or {}
    return [_term(entry, pod) for entry in wishes.get(REQUIRED) or ()]


def preferred_terms(pod: Json, kind: str) -> list[tuple[int, Term]]:
    """What a pod would like, with weights."""
    wishes = (spec_of(pod).get("affinity") or {}).get(kind) or {}
    return [
        (int(entry["weight"]), _term(entry["podAffinityTerm"], pod)) for entry in wishes.get(PREFERRED) or ()
    ]


def domains_with(term: Term, view: ClusterView) -> Counter[str]:
    """How many of the term's pods are in each domain."""
    found: Counter[str] = Counter()
    for node, pod in view.pods():
        domain = node.labels.get(term.topology_key)
        if domain is not None and term.matches(pod, view.namespaces):
            found[domain] += 1
    return found


@dataclass(frozen=True, slots=True)
class AffinityRules:
    """What must hold of a node for a pod to go there, as far as other pods are concerned."""

    near: tuple[tuple[str, frozenset[str]], ...]  # topology key, and the domains that are good
    is_first: bool  # no pod that it wants to be near is there yet, but it is one of them itself
    away: tuple[tuple[str, frozenset[str]], ...]  # topology key, and the domains that are not good
    unwanted: tuple[tuple[str, frozenset[str]], ...]  # the same, because pods there want it away

    def refusal(self, node: NodeView) -> str | None:
        """Why a pod cannot go to a node."""
        for key, domains in self.near:
            domain = node.labels.get(key)
            if domain is None or (domain not in domains and not self.is_first):
                return "node(s) didn't match pod affinity rules"
        if _is_in_any(node, self.away):
            return "node(s) didn't match pod anti-affinity rules"
        if _is_in_any(node, self.unwanted):
            return "node(s) didn't satisfy existing pods anti-affinity rules"
        return None


def _is_in_any(node: NodeView, areas: Iterable[tuple[str, frozenset[str]]]) -> bool:
    return any(node.labels.get(key) in domains for key, domains in areas if node.labels.get(key) is not None)


def affinity_rules(pod: Json, view: ClusterView) -> AffinityRules:
    """The rules for a pod that is to be placed."""
    near = [(term, domains_with(term, view)) for term in required_terms(pod, "podAffinity")]
    is_first = (
        bool(near)
        and not any(domains for _, domains in near)
        and all(term.matches(pod, view.namespaces) for term, _ in near)
    )
    away = [(term, domains_with(term, view)) for term in required_terms(pod, "podAntiAffinity")]
    unwanted = [
        (term.topology_key, frozenset({node.labels[term.topology_key]}))
        for node, other in view.pods()
        for term in required_terms(other, "podAntiAffinity")
        if term.topology_key in node.labels and term.matches(pod, view.namespaces)
    ]
    return AffinityRules(
        tuple((term.topology_key, frozenset(domains)) for term, domains in near),
        is_first,
        tuple((term.topology_key, frozenset(domains)) for term, domains in away),
        tuple(unwanted),
    )


@dataclass(frozen=True, slots=True)
class SpreadRule:
    """A constraint with the pods counted: how many are in each domain, and what the least is."""

    topology_key: str
    max_skew: int
    counts: Mapping[str, int]
    least: int
    adds: int  # 1 if the pod itself counts

    def refusal(self, node: NodeView) -> str | None:
        """Why a pod cannot go to a node."""
        domain = node.labels.get(self.topology_key)
        if domain is None:
            return "node(s) didn't match pod topology spread constraints (missing required label)"
        if self.skew(domain) > self.max_skew:
            return "node(s) didn't match pod topology spread constraints"
        return None

    def skew(self, domain: str) -> int:
        """How far the domain would be ahead of the emptiest one with the pod in it."""
        return self.counts.get(domain, 0) + self.adds - self.least


def spread_rules(pod: Json, view: ClusterView, *, when: str) -> list[SpreadRule]:
    """The constraints of a pod of one kind: DoNotSchedule or ScheduleAnyway."""
    constraints = spec_of(pod).get("topologySpreadConstraints") or ()
    return [_spread_rule(each, pod, view) for each in constraints if each.get("whenUnsatisfiable") == when]


def _spread_rule(constraint: Json, pod: Json, view: ClusterView) -> SpreadRule:
    key = constraint.get("topologyKey") or ""
    selector = label_selector_of(_with_label_keys(constraint.get("labelSelector"), pod, constraint))
    honours = constraint.get("nodeAffinityPolicy", "Honor") == "Honor"
    counts: Counter[str] = Counter()
    for node in view.nodes:
        domain = node.labels.get(key)
        if domain is None or (honours and not matches_node(pod, node.node)):
            continue
        counts[domain] += sum(
            namespace_of(other) == namespace_of(pod)
            and not is_deleting(other)
            and selector.matches(labels_of(other))
            for other in node.pods
        )
    least = min(counts.values(), default=0)
    if len(counts) < int(constraint.get("minDomains") or 1):
        least = 0
    return SpreadRule(
        key, int(constraint.get("maxSkew") or 1), counts, least, int(selector.matches(labels_of(pod)))
    )
