"""Which Kubernetes Services select which pod."""

from collections.abc import Iterable, Mapping

from convoy.api.kube import core as kube
from convoy.mesh.pods import PodFacts, PodIndex, target_port
from convoy.mesh.services import Registered, Registry

Selections = Mapping[str, tuple[Registered, ...]]
"""By `<pod>.<namespace>`; pods that no Service selects are absent."""


def build_selections(registry: Registry, pods: PodIndex) -> Selections:
    """The Services of every selected pod, in the registry's order."""
    found: dict[str, list[Registered]] = {}
    for registered in registry:
        if registered.kube is None:
            continue
        for pod in pods.select(registered.service.namespace, registered.kube.spec.selector):
            found.setdefault(pod.name, []).append(registered)
    return {name: tuple(services) for name, services in found.items()}


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
