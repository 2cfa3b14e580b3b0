"""What is wrong between pods and what selects them: looked at again where a pod changed."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from convoy.api import codes
from convoy.api.istio.workload_group import WorkloadGroup
from convoy.api.paths import quote
from convoy.api.problems import Problem
from convoy.mesh.checks.finding import listed, named
from convoy.mesh.checks.groups import check_member
from convoy.mesh.facts import Ground
from convoy.mesh.inbound import agreed_protocol, port_protocols
from convoy.mesh.memory import Memory
from convoy.mesh.model import Protocol
from convoy.mesh.pod_index import PodIndex
from convoy.mesh.pods import PodFacts, local_network, target_port
from convoy.mesh.revisions import Revision
from convoy.mesh.selections import Selections, recall_selectors
from convoy.mesh.services import Registered, Registry
from convoy.mesh.workload_groups import Groups, index_groups

_K = TypeVar("_K")
_Several = tuple[Problem, ...]


class _Found(msgspec.Struct, frozen=True, eq=False):
    pods: PodIndex
    of_services: Revision[Registered, _Several]
    of_pods: Revision[str, _Several]


def check_pods(
    ground: Ground, selections: Selections, groups: tuple[WorkloadGroup, ...], memory: Memory
) -> _Several:
    """Ports that pods lack, ports of which Services say different things, groups that pods join, and
    networks on which no pod is.
    """
    selectors = recall_selectors(ground.registry, memory)
    known = memory.recall(("groups", groups), lambda: index_groups(groups))

    def revised(before: _Found | None) -> _Found:
        changes = ground.pods.changes_since(before.pods) if before else None
        if before is None or changes is None:
            return _check_all(ground, selections, known)
        touched = {one: tuple(_check_target_ports(one, ground.pods)) for one in selectors.touched(changes)}
        news = {
            one.new.name: tuple(_check_pod(one.new, selections, known, ground)) for one in changes if one.new
        }
        gone = [one.old.name for one in changes if one.old]
        return _Found(
            ground.pods,
            before.of_services.revised(_bad(touched), touched),
            before.of_pods.revised(_bad(news), (*news, *gone)),
        )

    found = memory.revise(("pod checks", ground.registry, ground.settings, known), revised)
    networks = _check_networks(ground, memory)
    return memory.recall(
        ("pod problems", found.of_services, found.of_pods, networks),
        lambda: (
            *(problem for several in found.of_services.values() for problem in several),
            *(problem for several in found.of_pods.values() for problem in several),
            *networks,
        ),
    )


def _check_all(ground: Ground, selections: Selections, groups: Groups) -> _Found:
    of_services = {one: tuple(_check_target_ports(one, ground.pods)) for one in ground.registry}
    of_pods = {pod.name: tuple(_check_pod(pod, selections, groups, ground)) for pod in ground.pods}
    return _Found(ground.pods, Revision(_bad(of_services)), Revision(_bad(of_pods)))


def _bad(found: dict[_K, _Several]) -> dict[_K, _Several]:
    return {key: several for key, several in found.items() if several}


def _check_target_ports(registered: Registered, pods: PodIndex) -> Iterator[Problem]:
    service = registered.kube
    for index, port in enumerate(service.spec.ports if service else ()):
        named_port = port.target_port
        if service is None or not isinstance(named_port, str) or port.protocol == "UDP":
            continue
        selected = pods.select(service.metadata.namespace, service.spec.selector)
        lacking = [pod for pod in selected if target_port(pod.pod, named_port) is None]
        if lacking:
            yield Problem(
                code=codes.UNKNOWN_TARGET_PORT,
                key=registered.source,
                field=f"spec.ports[{index}].targetPort",
                message=f"Pod {lacking[0].name} has no container port named {quote(named_port)};"
                " it is left out.",
                remedy="Name the container port, or write its number.",
            )


def _check_pod(pod: PodFacts, selections: Selections, groups: Groups, ground: Ground) -> Iterator[Problem]:
    if pod.has_sidecar:
        yield from _check_protocols(pod, selections.get(pod.name, ()))
        yield from check_member(pod, groups, trust_domain=ground.settings.trust_domain)


def _check_protocols(pod: PodFacts, services: tuple[Registered, ...]) -> Iterator[Problem]:
    if len(services) < 2:
        return
    for number, protocols in sorted(port_protocols(pod, services).items()):
        if len(protocols) > 1 and agreed_protocol(protocols) is Protocol.AUTO:
            yield Problem(
                code=codes.PORT_PROTOCOLS_DIFFER,
                key=services[-1].source,
                field="spec.ports",
                message=f"Port {number} of its pods is {listed(sorted(protocols))}, as"
                f" {listed(named(one.source) for one in services)} say.",
                remedy="Name the ports alike.",
            )


def _check_networks(ground: Ground, memory: Memory) -> _Several:
    stating = memory.recall(("networks", ground.registry), lambda: _stating_networks(ground.registry))
    if not stating:
        return ()

    def check() -> _Several:
        seen = {pod.network_view for pod in ground.pods} | {local_network(ground.settings)}
        unseen = ((one, networks) for one, networks in stating if not networks & seen)
        return tuple(_unseen(one, networks) for one, networks in unseen)

    return memory.recall(("networks seen", ground.registry, ground.pods, ground.settings), check)


def _stating_networks(registry: Registry) -> tuple[tuple[Registered, frozenset[str]], ...]:
    """The services all of whose endpoints name a network, with these."""
    found = (
        (one, frozenset(endpoint.network for entry in one.entries for endpoint in entry.spec.endpoints))
        for one in registry
    )
    return tuple((one, networks) for one, networks in found if networks and "" not in networks)


def _unseen(registered: Registered, networks: frozenset[str]) -> Problem:
    return Problem(
        code=codes.FOREIGN_NETWORK,
        key=registered.source,
        field="spec.endpoints",
        message=f"All endpoints are on network {listed(quote(name) for name in sorted(networks))},"
        " which no proxy of this cluster looks at.",
        remedy="Remove network, or add an endpoint that leads to a gateway for that network.",
    )
