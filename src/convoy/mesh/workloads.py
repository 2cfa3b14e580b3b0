"""The pods with a proxy, and the view that each of them shares with others.

A view's key holds only those labels of a pod that some rule matches on, so that a Deployment's own labels do
not split a namespace into many views.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.facts import Facts
from convoy.mesh.gateway_names import MESH
from convoy.mesh.inbound import build_inbound
from convoy.mesh.memory import Memory
from convoy.mesh.model import InboundPart, Labels, ViewKey, Workload
from convoy.mesh.pod_index import PodIndex
from convoy.mesh.pods import PodFacts
from convoy.mesh.revisions import Revision
from convoy.mesh.selections import Selections, selected_pods
from convoy.mesh.services import Registered
from convoy.mesh.vantages import Vantages

SIDECAR = "sidecar"
GATEWAY = "gateway"

_Pairs = frozenset[tuple[str, str]]


class ViewKeys:
    """Finds the views of pods, for facts that have the same terms and label rules in the same way."""

    def __init__(self, facts: Facts) -> None:
        self._pairs: dict[str, _Pairs] = {}
        self._gateway_pairs = frozenset(_gateway_pairs(facts))

    def of(self, pod: PodFacts, services: Iterable[Registered], facts: Facts) -> ViewKey:
        """The key of a pod with a proxy, which these services select."""
        if pod.is_gateway:
            labels = _matching(pod.labels, self._gateway_labels(pod, services, facts))
            return ViewKey(GATEWAY, pod.namespace, labels, pod.network_view)
        labels = _matching(pod.labels, self._sidecar_pairs(pod.namespace, facts))
        sidecar = facts.sidecars.scope_of(pod.namespace, pod.labels)
        return ViewKey(SIDECAR, pod.namespace, labels, pod.network_view, sidecar)

    def _sidecar_pairs(self, namespace: str, facts: Facts) -> _Pairs:
        if namespace not in self._pairs:
            bound = facts.routing.bound(MESH, namespace=namespace)
            of_requests = (pair for one in bound for rule in one.rules for pair in rule.filter.labels)
            of_connections = (pair for one in facts.connections.of(bound) for pair in one.label_pairs())
            of_policies = facts.rules.selecting_pairs(namespace)
            self._pairs[namespace] = frozenset((*of_requests, *of_connections, *of_policies))
        return self._pairs[namespace]

    def _gateway_labels(self, pod: PodFacts, selecting: Iterable[Registered], facts: Facts) -> _Pairs:
        # The Services that select a gateway decide where it listens, so their selectors tell gateways apart.
        of_policies = facts.rules.selecting_pairs(pod.namespace)
        return (
            self._gateway_pairs
            | of_policies
            | {pair for service in selecting if service.kube for pair in service.kube.spec.selector.items()}
        )


Workloads = Revision[str, Workload]
"""Every pod with a proxy, by `<pod>.<namespace>`, sorted."""


class _Builder:
    """Makes workloads; equal inbound parts are one object."""

    def __init__(self, facts: Facts) -> None:
        self._keys = ViewKeys(facts)
        self._shared: dict[InboundPart, InboundPart] = {}

    def build(self, pod: PodFacts, facts: Facts, selections: Selections, vantages: Vantages) -> Workload:
        inbound = None
        services = selections.get(pod.name, ())
        if pod.has_sidecar:
            inbound = build_inbound(pod, services, facts)
            inbound = self._shared.setdefault(inbound, inbound)
        return Workload(
            name=pod.name,
            namespace=pod.namespace,
            identity=pod.identity,
            view=self._keys.of(pod, services, facts),
            inbound=inbound,
            vantage=vantages.of(pod),
            patches=facts.patches.of(pod),
        )


class _Made(msgspec.Struct, frozen=True, eq=False):
    builder: _Builder
    pods: PodIndex
    rules: DestinationRules
    workloads: Workloads


def recall_workloads(facts: Facts, selections: Selections, memory: Memory) -> Workloads:
    """The same ones as long as neither what they are nor by what labels rules tell them apart changed."""
    telling = (one.service for one in facts.connections if any(one.label_pairs()))
    vantages = memory.recall(
        ("vantages", facts.pods, facts.rules, facts.settings),
        lambda: Vantages(facts.pods, facts.rules, facts.settings),
    )

    def revised(before: _Made | None) -> _Made:
        changes = facts.pods.changes_since(before.pods) if before else None
        hosts = facts.rules.changed_since(before.rules) if before else None
        if before is None or changes is None or hosts is None or (changes and vantages.depends_on_all):
            return _build(facts, selections, vantages)
        build = before.builder.build
        news = {
            pod.name: build(pod, facts, selections, vantages)
            for pod in (*(one.new for one in changes), *_ruled(facts, hosts))
            if pod and pod.has_proxy
        }
        gone = [one.old.name for one in changes if one.old]
        return _Made(before.builder, facts.pods, facts.rules, before.workloads.revised(news, gone))

    read = (facts.terms, facts.routing.labelled, *telling)
    return memory.revise(("workloads", *read), revised).workloads


def _ruled(facts: Facts, hosts: Iterable[str]) -> Iterator[PodFacts]:
    """The pods to whose callers rules for some hosts apply: they take over limits from there."""
    for host in hosts:
        for registered in facts.registry.of_host(host):
            yield from selected_pods(registered, facts.pods)


def _build(facts: Facts, selections: Selections, vantages: Vantages) -> _Made:
    builder = _Builder(facts)
    proxied = (pod for pod in facts.pods if pod.has_proxy)
    made = {pod.name: builder.build(pod, facts, selections, vantages) for pod in proxied}
    in_order = ((name, made[name]) for name in sorted(made))
    return _Made(builder, facts.pods, facts.rules, Workloads(in_order, order=str))


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
