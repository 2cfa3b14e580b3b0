"""Which pods a service selects, and which services select a pod.

Selectors are those of Kubernetes Services and of ServiceEntries.
"""

from collections.abc import Iterable, Mapping

from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.kube import core as kube
from convoy.mesh.model import ServicePort
from convoy.mesh.pods import PodFacts, PodIndex, target_port
from convoy.mesh.services import Registered, Registry

Selections = Mapping[str, tuple[Registered, ...]]
"""By `<pod>.<namespace>`; pods that nothing selects are absent."""


def build_selections(registry: Registry, pods: PodIndex) -> Selections:
    """The services of every selected pod, in the registry's order; those of a gateway are Kubernetes
    Services, whose ports are the gateway's.
    """
    found: dict[str, list[Registered]] = {}
    for registered in registry:
        for pod in selected_pods(registered, pods):
            if registered.kube or pod.has_sidecar:
                found.setdefault(pod.name, []).append(registered)
    return {name: tuple(services) for name, services in found.items()}


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
