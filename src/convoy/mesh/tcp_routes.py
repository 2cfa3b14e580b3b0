"""Connections that are not HTTP, or not known to be: routed by the address and port they were made to, by the
networks a service has, and by the SNI.

A headless service is reached at its pods' addresses. A service without any address would have to answer for
every address: its TLS ports are told by their SNI; of bytes the first such service of a port gets all. It
shares the port with HTTP, which is recognised, except where servers speak first: there HTTP is alone.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from convoy.mesh.facts import Facts, Ground
from convoy.mesh.http_routes import Caller, build_service_routes
from convoy.mesh.l4_routes import (
    ConnectionClaims,
    ListenPlace,
    build_tcp_rules,
    build_tls_rules,
)
from convoy.mesh.l4_rules import is_matchable
from convoy.mesh.memory import Memory
from convoy.mesh.model import (
    ANY_ADDRESS,
    PortRoutes,
    Protocol,
    ServicePort,
    SniffedRoute,
    TcpRoute,
    UpstreamKey,
    WeightedUpstream,
)
from convoy.mesh.protocols import speaks_first
from convoy.mesh.services import Registered


def build_tcp_routes(facts: Facts, caller: Caller) -> tuple[tuple[TcpRoute, ...], tuple[SniffedRoute, ...]]:
    """The TCP routes and the sniffed routes of a sidecar view, sorted by port and address."""
    visible = facts.registry.visible(caller.namespace).values()
    ports = [(registered, port) for registered in visible for port in registered.service.ports]
    claims = ConnectionClaims(
        TcpRoute(ANY_ADDRESS, port.number, ())
        for _, port in ports
        if port.protocol.is_http and speaks_first(port.number)
    )
    tcp: list[TcpRoute] = []
    sniffed: list[SniffedRoute] = []
    for registered, port in ports:
        if port.protocol.is_http:
            continue
        for place in connection_places(registered, port, facts):
            routes = _routes(registered, port, facts, caller, place=place)
            free = tuple(part for route in routes for part in claims.claim(route))
            if port.protocol is Protocol.AUTO:
                tcp += (route for route in free if route.subnets != place.subnets)
                sniffed += _sniffed(registered, port, facts, caller, place=place, free=free)
            else:
                tcp += free
    shared = _shared(sniffed, tcp)
    # What is sniffed knows already where bytes go.
    known = {(route.vip, route.port) for route in shared if not route.subnets}
    apart = (route for route in tcp if not _takes_all(route) or (route.vip, route.port) not in known)
    return (
        tuple(sorted(apart, key=lambda route: (route.port, route.vip, route.server_names, route.subnets))),
        shared,
    )


def has_sniffed_ports(facts: Facts, caller: Caller, memory: Memory) -> bool:
    """Whether a sidecar sees a port of which nobody said what is spoken there."""
    registry = facts.registry
    return memory.recall(
        ("sniffed", registry, caller.namespace),
        lambda: any(
            port.protocol is Protocol.AUTO
            for registered in registry.visible(caller.namespace).values()
            for port in registered.service.ports
        ),
    )


def connection_places(registered: Registered, port: ServicePort, facts: Ground) -> Iterator[ListenPlace]:
    """Where a port of a service is reached; at `0.0.0.0` when it has no address of its own."""
    service = registered.service
    if registered.is_headless:
        endpoints = facts.headless[service.endpoint_key(port)]
        addresses: Iterable[str] = dict.fromkeys(endpoint.address for endpoint in endpoints)
    else:
        addresses = service.vips
    for address in addresses:
        yield ListenPlace(address, port.number, port.number)
    if service.subnets or not (service.vips or registered.is_headless):
        yield ListenPlace(ANY_ADDRESS, port.number, port.number, subnets=service.subnets)


def _default_server_names(registered: Registered, place: ListenPlace) -> tuple[str, ...]:
    """By which SNI a TLS port is known at a place that it may share with others; none: by the address."""
    return (registered.service.hostname,) if place.address == ANY_ADDRESS else ()


def _routes(
    registered: Registered, port: ServicePort, facts: Facts, caller: Caller, *, place: ListenPlace
) -> tuple[TcpRoute, ...]:
    """What rules say, and what holds where they say nothing."""
    host = registered.service.hostname
    rules = facts.connections.for_sidecars(caller.namespace, host)
    own = TcpRoute(
        place.address,
        port.number,
        (WeightedUpstream(UpstreamKey(host, port.number), 100),),
        subnets=place.subnets,
    )
    if port.protocol is Protocol.TLS:
        names = _default_server_names(registered, place)
        if not all(map(is_matchable, names)):
            return ()
        by_name = build_tls_rules(facts, caller, rules, place=place)
        return by_name or (msgspec.structs.replace(own, server_names=names),)
    return (*build_tcp_rules(facts, caller, rules, place=place), own)


def _sniffed(
    registered: Registered,
    port: ServicePort,
    facts: Facts,
    caller: Caller,
    *,
    place: ListenPlace,
    free: tuple[TcpRoute, ...],
) -> Iterator[SniffedRoute]:
    whole = [route.destinations for route in free if route.subnets == place.subnets]
    # Without an address of its own a port is shared: HTTP of all services is told by the host it names.
    if whole or (place.address == ANY_ADDRESS and not place.subnets):
        routes = build_service_routes(registered, port, facts, caller)
        destinations = whole[0] if whole else ()
        yield SniffedRoute(place.address, port.number, routes, destinations, place.subnets)


def _shared(sniffed: Iterable[SniffedRoute], tcp: Iterable[TcpRoute]) -> tuple[SniffedRoute, ...]:
    """One route for each place, sorted; where bytes go is what the first claim on the place says."""
    first_bytes: Mapping[tuple[str, int], tuple[WeightedUpstream, ...]] = {
        (route.vip, route.port): route.destinations for route in tcp if _takes_all(route)
    }
    merged: dict[tuple[int, str, tuple[str, ...]], SniffedRoute] = {}
    for route in sniffed:
        place = (route.port, route.vip, route.subnets)
        known = merged.get(place)
        if known is None:
            destinations = first_bytes.get((route.vip, route.port), route.destinations)
            merged[place] = msgspec.structs.replace(route, destinations=destinations)
        else:
            merged[place] = msgspec.structs.replace(known, routes=_joined(known.routes, route.routes))
    return tuple(merged[place] for place in sorted(merged))


def _takes_all(route: TcpRoute) -> bool:
    return not route.subnets and not route.server_names


def _joined(known: PortRoutes, more: PortRoutes) -> PortRoutes:
    hosts = sorted((*known.hosts, *more.hosts), key=lambda host: host.host)
    return msgspec.structs.replace(known, hosts=tuple(hosts))
