"""The pods with a proxy, and the view that each of them shares with others.

A view's key holds only those labels of a pod that some rule matches on, so that a Deployment's own labels do
not split a namespace into many views.
"""

from collections.abc import Iterator, Mapping

from convoy.mesh.facts import Facts
from convoy.mesh.gateway_names import MESH
from convoy.mesh.inbound import build_inbound
from convoy.mesh.memory import Memory
from convoy.mesh.model import InboundPart, Labels, ViewKey, Workload
from convoy.mesh.pods import PodFacts
from convoy.mesh.selections import Selections
from convoy.mesh.vantages import Vantages

SIDECAR = "sidecar"
GATEWAY = "gateway"

_Pairs = frozenset[tuple[str, str]]


class ViewKeys:
    """Finds the view of a pod."""

    def __init__(self, facts: Facts, selections: Selections) -> None:
        self._facts = facts
        self._selections = selections
        self._pairs: dict[str, _Pairs] = {}
        self._gateway_pairs = frozenset(_gateway_pairs(facts))

    def of(self, pod: PodFacts) -> ViewKey:
        """The key of a pod with a proxy."""
        if pod.is_gateway:
            labels = _matching(pod.labels, self._gateway_labels(pod))
            return ViewKey(GATEWAY, pod.namespace, labels, pod.network_view)
        labels = _matching(pod.labels, self._sidecar_pairs(pod.namespace))
        sidecar = self._facts.sidecars.scope_of(pod.namespace, pod.labels)
        return ViewKey(SIDECAR, pod.namespace, labels, pod.network_view, sidecar)

    def _sidecar_pairs(self, namespace: str) -> _Pairs:
        if namespace not in self._pairs:
            bound = self._facts.routing.bound(MESH, namespace=namespace)
            of_requests = (pair for one in bound for rule in one.rules for pair in rule.filter.labels)
            of_connections = (pair for one in self._facts.connections.of(bound) for pair in one.label_pairs())
            of_policies = self._facts.rules.selecting_pairs(namespace)
            self._pairs[namespace] = frozenset((*of_requests, *of_connections, *of_policies))
        return self._pairs[namespace]

    def _gateway_labels(self, pod: PodFacts) -> _Pairs:
        # The Services that select a gateway decide where it listens, so their selectors tell gateways apart.
        selecting = self._selections.get(pod.name, ())
        of_policies = self._facts.rules.selecting_pairs(pod.namespace)
        return (
            self._gateway_pairs
            | of_policies
            | {pair for service in selecting if service.kube for pair in service.kube.spec.selector.items()}
        )


def recall_workloads(facts: Facts, selections: Selections, memory: Memory) -> Mapping[str, Workload]:
    """The same ones as long as neither what they are nor by what labels rules tell them apart changed."""
    telling = (one.service for one in facts.connections if any(one.label_pairs()))
    return memory.recall(
        ("workloads", facts.ground, selections, facts.routing.labelled, *telling),
        lambda: build_workloads(facts, selections),
    )


def build_workloads(facts: Facts, selections: Selections) -> Mapping[str, Workload]:
    """Every pod with a proxy, by `<pod>.<namespace>`, sorted."""
    keys = ViewKeys(facts, selections)
    vantages = Vantages(facts.pods, facts.rules, facts.settings)
    shared: dict[InboundPart, InboundPart] = {}
    workloads = {}
    for pod in facts.pods:
        if not (pod.has_sidecar or pod.is_gateway):
            continue
        inbound = None
        if pod.has_sidecar:
            inbound = build_inbound(pod, selections.get(pod.name, ()), facts)
            inbound = shared.setdefault(inbound, inbound)
        workloads[pod.name] = Workload(
            name=pod.name,
            namespace=pod.namespace,
            identity=pod.identity,
            view=keys.of(pod),
            inbound=inbound,
            vantage=vantages.of(pod),
            patches=facts.patches.of(pod),
        )
    return {name: workloads[name] for name in sorted(workloads)}


def _gateway_pairs(facts: Facts) -> Iterator[tuple[str, str]]:
    for gateway in facts.gateways:
        yield from gateway.spec.selector.items()
    for service in facts.routing:
        for rule in service.rules:
            yield from rule.filter.labels
    for one in facts.connections:
        yield from one.label_pairs()


def _matching(labels: Mapping[str, str], pairs: _Pairs) -> Labels:
    return tuple(sorted(pair for pair in labels.items() if pair in pairs))
