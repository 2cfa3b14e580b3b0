"""Connections that are not HTTP, or not known to be: routed by the address and port they were made to.

A headless service is reached at its pods' addresses. A service without any address would have to answer for
every address: the first such service of a port does, unless HTTP is spoken there.
"""

from collections.abc import Iterator

from convoy.mesh.facts import Facts
from convoy.mesh.http_routes import Caller, build_service_routes
from convoy.mesh.model import (
    EndpointKey,
    Protocol,
    ServicePort,
    SniffedRoute,
    TcpRoute,
    UpstreamKey,
    WeightedUpstream,
)
from convoy.mesh.services import Registered

ANY_ADDRESS = "0.0.0.0"


def build_tcp_routes(facts: Facts, caller: Caller) -> tuple[tuple[TcpRoute, ...], tuple[SniffedRoute, ...]]:
    """The TCP routes and the sniffed routes of a sidecar view, sorted by port and address."""
    tcp: list[TcpRoute] = []
    sniffed: list[SniffedRoute] = []
    for address, port, registered in _claimed(facts, caller):
        destinations = (WeightedUpstream(UpstreamKey(registered.service.hostname, port.number), 100),)
        if port.protocol is Protocol.AUTO:
            routes = build_service_routes(registered, port, facts, caller)
            sniffed.append(SniffedRoute(address, port.number, routes, destinations))
        else:
            tcp.append(TcpRoute(address, port.number, destinations))
    return (
        tuple(sorted(tcp, key=lambda route: (route.port, route.vip))),
        tuple(sorted(sniffed, key=lambda route: (route.port, route.vip))),
    )


def connection_addresses(registered: Registered, port: ServicePort, facts: Facts) -> tuple[str, ...]:
    """The addresses at which a port of a service is reached; `0.0.0.0` when it has none of its own."""
    if registered.is_headless:
        endpoints = facts.endpoints[EndpointKey(registered.service.hostname, port.number)]
        return tuple(dict.fromkeys(endpoint.address for endpoint in endpoints))
    return registered.service.vips or (ANY_ADDRESS,)


def _claimed(facts: Facts, caller: Caller) -> Iterator[tuple[str, ServicePort, Registered]]:
    visible = facts.registry.visible(caller.namespace).values()
    ports = [(registered, port) for registered in visible for port in registered.service.ports]
    taken = {(ANY_ADDRESS, port.number) for _, port in ports if port.protocol.is_http}
    for registered, port in ports:
        if port.protocol.is_http:
            continue
        for address in connection_addresses(registered, port, facts):
            if (address, port.number) not in taken:
                taken.add((address, port.number))
                yield address, port, registered
