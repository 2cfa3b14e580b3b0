"""Gateways without a pod, ports that nobody reaches, and VirtualServices that a Gateway does not serve."""

from collections.abc import Iterator

from convoy.api import codes
from convoy.api.istio.gateway import Gateway
from convoy.api.kinds import key_of
from convoy.api.paths import quote
from convoy.api.problems import Problem
from convoy.mesh.checks.finding import listed, named
from convoy.mesh.facts import Facts
from convoy.mesh.gateway_http import served_hosts
from convoy.mesh.gateway_servers import OpenServer, ServerKind, open_ports
from convoy.mesh.pods import PodFacts
from convoy.mesh.selections import Selections


def check_gateways(facts: Facts, selections: Selections) -> Iterator[Problem]:
    """Every Gateway against the pods it selects, then the VirtualServices bound to it."""
    pods = [pod for pod in facts.pods if pod.is_gateway]
    for gateway in facts.gateways:
        selected = [pod for pod in pods if gateway.spec.selector.items() <= pod.labels.items()]
        if not selected:
            yield _without_pod(gateway)
        for pod in selected:
            yield from _check_ports(gateway, pod, selections)
    for pod in pods:
        ports = open_ports(pod, selections.get(pod.name, ()), facts.gateways)
        for server, other in ports.held_back:
            yield _held_back(server, other)
        servers = [server for _, group in ports.of_kind(ServerKind.HTTP) for server in group]
        yield from _check_bound_hosts(facts, servers)


def _without_pod(gateway: Gateway) -> Problem:
    labels = ", ".join(f"{label}: {value}" for label, value in sorted(gateway.spec.selector.items()))
    return Problem(
        code=codes.NO_GATEWAY_POD,
        key=key_of(gateway),
        field="spec.selector",
        message=f"No gateway pod has the labels {quote(labels)}.",
        remedy="Correct the selector, or start a gateway with those labels.",
    )


def _check_ports(gateway: Gateway, pod: PodFacts, selections: Selections) -> Iterator[Problem]:
    services = selections.get(pod.name, ())
    known = {port.port for service in services if service.kube for port in service.kube.spec.ports}
    for index, server in enumerate(gateway.spec.servers):
        if services and server.port.number not in known:
            yield Problem(
                code=codes.UNKNOWN_GATEWAY_PORT,
                key=key_of(gateway),
                field=f"spec.servers[{index}].port.number",
                message=f"{server.port.number} is no port of {listed(named(one.source) for one in services)},"
                f" which has {listed(sorted(known))}; the gateway listens on that number itself.",
                remedy="Add the port to the Service, or use one that it has.",
            )


def _held_back(server: OpenServer, other: OpenServer) -> Problem:
    return Problem(
        code=codes.SERVER_HELD_BACK,
        key=server.key,
        field=f"{server.field}.port",
        message=f"Port {server.port} serves {other.kind.value} for {named(other.key)} already;"
        f" this {server.kind.value} server is held back.",
        remedy="Use another port.",
    )


def _check_bound_hosts(facts: Facts, servers: list[OpenServer]) -> Iterator[Problem]:
    for service in facts.routing:
        for gateway in service.gateways:
            bound = [server for server in servers if server.gateway == gateway]
            if bound and not any(True for server in bound for _ in served_hosts(service, server)):
                hosts = sorted({f"{one.namespace}/{one.host}" for server in bound for one in server.hosts})
                yield Problem(
                    code=codes.HOST_NOT_SERVED,
                    key=service.key,
                    field="spec.hosts",
                    message=f"Gateway {quote(gateway)} serves {listed(hosts)}, and none of these hosts.",
                    remedy="Add the host to the Gateway's server, or correct it here.",
                )
