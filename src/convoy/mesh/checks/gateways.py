"""Gateways without a pod, ports that nobody reaches, servers that are held back, and VirtualServices that a
Gateway does not serve.
"""

from collections.abc import Iterator

from convoy.api import codes
from convoy.api.istio.gateway import Gateway
from convoy.api.kinds import key_of
from convoy.api.paths import quote
from convoy.api.problems import Problem
from convoy.api.validation.addresses import UNIX
from convoy.mesh.checks.finding import listed, named
from convoy.mesh.facts import Facts
from convoy.mesh.gateway_http import served_hosts
from convoy.mesh.gateway_ports import open_server
from convoy.mesh.gateway_servers import LeftOut, OpenPorts, OpenServer, Place, ServerKind, open_ports
from convoy.mesh.pods import PodFacts
from convoy.mesh.selections import Selections
from convoy.mesh.server_tls import HeldBackTls


def check_gateways(facts: Facts, selections: Selections) -> Iterator[Problem]:
    """Every Gateway against the pods it selects, then the VirtualServices bound to it."""
    pods = facts.gateway_pods
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
        yield from map(_left_out, ports.left_out)
        yield from _check_credentials(facts, ports, pod.namespace)
        yield from _check_bound_hosts(facts, _routing(ports))


def _without_pod(gateway: Gateway) -> Problem:
    labels = ", ".join(f"{label}: {value}" for label, value in sorted(gateway.spec.selector.items()))
    lacking = f"No gateway pod has the labels {quote(labels)}." if labels else "There is no gateway pod."
    return Problem(
        code=codes.NO_GATEWAY_POD,
        key=key_of(gateway),
        field="spec.selector",
        message=lacking,
        remedy="Correct the selector, or start a gateway with those labels.",
    )


def _check_ports(gateway: Gateway, pod: PodFacts, selections: Selections) -> Iterator[Problem]:
    services = selections.get(pod.name, ())
    known = {port.port for service in services if service.kube for port in service.kube.spec.ports}
    for index, server in enumerate(gateway.spec.servers):
        if server.bind.startswith(UNIX) and gateway.metadata.namespace != pod.namespace:
            yield Problem(
                code=codes.NO_EFFECT,
                key=key_of(gateway),
                field=f"spec.servers[{index}].bind",
                message=f"{quote(server.bind)} is not opened by {quote(pod.name)}: sockets are for"
                " Gateways of its own namespace.",
                remedy=f"Use a port, or write the Gateway in {pod.namespace}.",
            )
        if services and server.port.number and server.port.number not in known:
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


def _left_out(found: LeftOut) -> Problem:
    server, other = found.server, found.other
    return Problem(
        code=codes.SERVER_HOST_TAKEN,
        key=server.key,
        field=f"{server.field}.hosts",
        message=f"{quote(found.host)} on port {server.port} is served by {other.field} of {named(other.key)},"
        " which is earlier; it is left out here.",
        remedy="Remove it from one of them, or use another port.",
    )


def _check_credentials(facts: Facts, ports: OpenPorts, namespace: str) -> Iterator[Problem]:
    for place, servers in ports.by_place.items():
        for server in servers:
            found = open_server(facts, server, namespace)
            if isinstance(found, HeldBackTls):
                yield Problem(
                    code=found.fault.code,
                    key=server.key,
                    field=".".join(filter(None, (server.field, "tls", found.field))),
                    message=f"{found.fault.message} {_consequence(server, place, ports)}",
                    remedy=found.fault.remedy,
                )


def _consequence(server: OpenServer, place: Place, ports: OpenPorts) -> str:
    """What is held back with a server, and what is not."""
    where = f"{place.bind}:{place.port}" if place.port else place.bind
    serving = {one.port for other, servers in ports.by_place.items() if other != place for one in servers}
    if server.name:
        where = f"{where} ({quote(server.name)})"
    if len(ports.by_place[place]) > 1:
        hosts = listed(quote(host) for host in dict.fromkeys(admitted.host for admitted in server.hosts))
        return (
            f"{hosts} of listener {where} {'is' if ',' not in hosts else 'are'} held back; the rest serves."
        )
    if not serving:
        return f"Listener {where} is held back."
    still = "port {} still serves" if len(serving) == 1 else "ports {} still serve"
    return f"Listener {where} is held back; {still.format(listed(sorted(serving)))}."


def _routing(ports: OpenPorts) -> list[OpenServer]:
    """The servers for which VirtualServices say where things go."""
    return [
        server
        for servers in ports.by_place.values()
        for server in servers
        if server.kind is not ServerKind.AUTO_PASSTHROUGH
    ]


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
