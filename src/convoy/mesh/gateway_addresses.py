"""Where other clusters reach this cluster's gateways."""

from collections.abc import Iterator, Mapping

from convoy.api.kube import core as kube
from convoy.mesh.facts import Ground
from convoy.mesh.model import GatewayAddress, Workload
from convoy.mesh.selections import Selections, listen_ports
from convoy.mesh.workloads import GATEWAY


def build_gateway_addresses(
    facts: Ground, selections: Selections, workloads: Mapping[str, Workload]
) -> tuple[GatewayAddress, ...]:
    """Addresses and names of the LoadBalancer Services that select a gateway, port by port."""
    found: set[GatewayAddress] = set()
    for pod in facts.gateway_pods:
        workload = workloads.get(pod.name)
        if workload is None or workload.view.kind != GATEWAY:
            continue
        for registered in selections.get(pod.name, ()):
            service = registered.kube
            for port in service.spec.ports if service else ():
                listening = listen_ports(pod, (registered,), port.port)
                found.update(
                    GatewayAddress(address, port.port, number, workload.view)
                    for address in _addresses(service, facts)
                    for number in listening
                )
    return tuple(sorted(found, key=lambda one: (one.address, one.port, one.listen_port, one.view.namespace)))


def _addresses(service: kube.Service | None, facts: Ground) -> Iterator[str]:
    if service is None or service.spec.type != "LoadBalancer":
        return
    for ingress in service.status.load_balancer.ingress:
        yield from (address.lower() for address in (ingress.ip, ingress.hostname) if address)
    if facts.settings.gateway_domain:
        cluster = facts.settings.cluster_id
        yield f"{service.metadata.name}.{cluster}.{facts.settings.gateway_domain}".lower()
