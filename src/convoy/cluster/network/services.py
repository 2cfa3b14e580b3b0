"""Services and static pods as forwarding rules: which address and port leads to which pods.

Pure. A port without ready pods has no rule: packets to it then meet the router itself, which refuses them.
"""

from collections.abc import Iterable, Sequence

import msgspec

from convoy.api.kube.core import Container, Pod, Service, ServicePort
from convoy.cluster.network.forwarding import ForwardingRule
from convoy.cluster.objects import load_balancer_addresses


class PodEndpoint(msgspec.Struct, frozen=True):
    """What Services need to know of a running pod."""

    pod: Pod
    ready: bool

    @property
    def address(self) -> str:
        """The pod's address; empty before it has one."""
        return self.pod.status.pod_ip


def plan_rules(services: Iterable[Service], endpoints: Sequence[PodEndpoint]) -> tuple[ForwardingRule, ...]:
    """The rules of one cluster, sorted."""
    rules = []
    for service in services:
        addresses = service_addresses(service)
        backends = select_endpoints(service, endpoints)
        for port in service.spec.ports:
            targets = tuple(
                (backend.address, number)
                for backend in backends
                if (number := target_port(port, backend.pod)) is not None
            )
            if addresses and targets:
                rules.append(ForwardingRule(addresses, port.protocol.lower(), port.port, targets))
    return tuple(sorted(rules))


def service_addresses(service: Service) -> tuple[str, ...]:
    """The cluster's and the load balancer's addresses of a Service; none if it is headless."""
    cluster_ip = service.spec.cluster_ip
    own = (cluster_ip,) if cluster_ip not in ("", "None") else ()
    return (*own, *load_balancer_addresses(service))


def select_endpoints(service: Service, endpoints: Iterable[PodEndpoint]) -> list[PodEndpoint]:
    """The pods behind a Service, ready ones only unless it publishes others, by address."""
    selector = service.spec.selector
    if not selector:
        return []
    chosen = [
        endpoint
        for endpoint in endpoints
        if endpoint.pod.metadata.namespace == service.metadata.namespace
        and selector.items() <= endpoint.pod.metadata.labels.items()
        and (endpoint.ready or service.spec.publish_not_ready_addresses)
    ]
    return sorted(chosen, key=lambda endpoint: endpoint.address)


def target_port(port: ServicePort, pod: Pod) -> int | None:
    """The port of `pod` that a Service port means; None when the pod has no port of that name."""
    if port.target_port is None:
        return port.port
    if isinstance(port.target_port, int):
        return port.target_port
    for container in _serving(pod):
        for declared in container.ports:
            if declared.name == port.target_port and declared.protocol == port.protocol:
                return declared.container_port
    return None


def _serving(pod: Pod) -> list[Container]:
    sidecars = [container for container in pod.spec.init_containers if container.restart_policy == "Always"]
    return [*pod.spec.containers, *sidecars]
