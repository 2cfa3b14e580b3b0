"""Which pods a service selects, and which services select a pod.

Selectors are those of Kubernetes Services and of ServiceEntries.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.kube import core as kube
from convoy.mesh.memory import Memory
from convoy.mesh.model import ServicePort
from convoy.mesh.pod_index import PodChange, PodIndex
from convoy.mesh.pods import PodFacts, target_port
from convoy.mesh.revisions import Revision
from convoy.mesh.services import Registered, Registry

Selections = Revision[str, tuple[Registered, ...]]
"""By `<pod>.<namespace>`; pods that nothing selects are absent. The services are in the registry's order;
those of a gateway are Kubernetes Services, whose ports are the gateway's."""

_Pair = tuple[str, str, str]


class _Selector(NamedTuple):
    number: int
    labels: Mapping[str, str]
    registered: Registered


class Selectors:
    """Finds the services that select a pod."""

    def __init__(self, registry: Registry) -> None:
        self._by_pair: dict[_Pair, list[_Selector]] = {}
        self._of_all: dict[str, list[_Selector]] = {}
        for number, registered in enumerate(registry):
            for namespace, labels in _written_selectors(registered):
                selector = _Selector(number, labels, registered)
                if labels:
                    self._by_pair.setdefault((namespace, *next(iter(labels.items()))), []).append(selector)
                else:
                    self._of_all.setdefault(namespace, []).append(selector)

    def of(self, pod: PodFacts) -> tuple[Registered, ...]:
        """The services that select a pod, in the registry's order."""
        labels = pod.labels.items()
        found = {one.number: one.registered for one in self._of_all.get(pod.namespace, ())}
        for pair in labels:
            for one in self._by_pair.get((pod.namespace, *pair), ()):
                if one.labels.items() <= labels:
                    found[one.number] = one.registered
        return tuple(found[number] for number in sorted(found))

    def touched(self, changes: Iterable[PodChange]) -> tuple[Registered, ...]:
        """The services that select a pod as it was or as it is, each once."""
        pods = (pod for one in changes for pod in (one.old, one.new) if pod)
        return tuple(dict.fromkeys(registered for pod in pods for registered in self.of(pod)))


def _written_selectors(registered: Registered) -> Iterator[tuple[str, Mapping[str, str]]]:
    """By namespace; an empty one selects everything in it."""
    if registered.kube:
        if registered.kube.spec.selector:
            yield registered.service.namespace, registered.kube.spec.selector
        return
    for entry in registered.entries:
        if entry.spec.workload_selector:
            yield entry.metadata.namespace, entry.spec.workload_selector.labels


class _Made(msgspec.Struct, frozen=True, eq=False):
    pods: PodIndex
    selections: Selections


def build_selections(registry: Registry, pods: PodIndex) -> Selections:
    """What selects each pod."""
    selectors = Selectors(registry)
    found = ((pod.name, _serving(pod, selectors)) for pod in pods)
    return Selections((name, services) for name, services in found if services)


def recall_selections(registry: Registry, pods: PodIndex, memory: Memory) -> Selections:
    """The same, looking only at pods that changed."""
    selectors = recall_selectors(registry, memory)

    def revised(before: _Made | None) -> _Made:
        changes = pods.changes_since(before.pods) if before else None
        if before is None or changes is None:
            return _Made(pods, build_selections(registry, pods))
        news = {one.new.name: _serving(one.new, selectors) for one in changes if one.new}
        gone = [one.old.name for one in changes if one.old]
        kept = {name: services for name, services in news.items() if services}
        return _Made(pods, before.selections.revised(kept, gone))

    return memory.revise(("selections", registry), revised).selections


def recall_selectors(registry: Registry, memory: Memory) -> Selectors:
    """The registry's selectors, ready to be asked."""
    return memory.recall(("selectors", registry), lambda: Selectors(registry))


def _serving(pod: PodFacts, selectors: Selectors) -> tuple[Registered, ...]:
    return tuple(one for one in selectors.of(pod) if one.kube or pod.has_sidecar)


def selected_pods(registered: Registered, pods: PodIndex) -> tuple[PodFacts, ...]:
    """The pods that a service selects, ready or not."""
    if registered.kube:
        return pods.select(registered.service.namespace, registered.kube.spec.selector)
    found = {pod.name: pod for entry in registered.entries for pod in entry_pods(entry, pods)}
    return tuple(found[name] for name in sorted(found))


def entry_pods(entry: ServiceEntry, pods: PodIndex) -> tuple[PodFacts, ...]:
    """The pods that a ServiceEntry selects, ready or not."""
    selector = entry.spec.workload_selector
    return pods.select_or_all(entry.metadata.namespace, selector.labels) if selector else ()


def serving_port(registered: Registered, pod: PodFacts, port: ServicePort) -> int | None:
    """A selected pod's own port behind a service's port; None when it has none."""
    if registered.kube:
        return target_port(pod.pod, port.target_port)
    targets = (entry_target_port(entry, pod, port) for entry in registered.entries)
    return next((target for target in targets if target is not None), None)


def entry_target_port(entry: ServiceEntry, pod: PodFacts, port: ServicePort) -> int | None:
    """A pod's port behind a ServiceEntry's port: its container port of that name, else the target port."""
    for own in entry.spec.ports:
        if own.number == port.number:
            return target_port(pod.pod, own.name) or own.target_port or own.number
    return None


def listen_ports(pod: PodFacts, services: Iterable[Registered], number: int) -> tuple[int, ...]:
    """The pod's own ports behind a Service port number, sorted; the number itself where no Service has it."""
    targets = {target for registered in services for target in _targets(pod, registered.kube, number)}
    return tuple(sorted(targets)) or (number,)


def _targets(pod: PodFacts, service: kube.Service | None, number: int) -> Iterable[int]:
    for port in service.spec.ports if service else ():
        if port.port == number and port.protocol != "UDP":
            target = target_port(pod.pod, port.target_port or port.port)
            if target is not None:
                yield target
