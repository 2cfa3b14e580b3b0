"""Where sidecars send what their applications send: by the port and address that was dialled, or by the
egress listener that was.

A port that an egress listener names is that listener's: what it does not import is unknown there. The
listener without a port has all others.
"""

from collections.abc import Iterable, Iterator

import msgspec

from convoy.mesh.http_routes import Caller
from convoy.mesh.http_tables import recall_sidecar_http
from convoy.mesh.memory import Memory
from convoy.mesh.model import (
    BoundEgress,
    Fallback,
    HostRoutes,
    PortRoutes,
    SniffedRoute,
    TcpRoute,
    UpstreamKey,
)
from convoy.mesh.scopes import ListenerScope, Scope
from convoy.mesh.tcp_routes import build_tcp_routes, has_sniffed_ports


class Egress(msgspec.Struct, frozen=True):
    """The outbound routes of a view."""

    http: tuple[PortRoutes, ...] = ()
    tcp: tuple[TcpRoute, ...] = ()
    sniffed: tuple[SniffedRoute, ...] = ()
    bound: tuple[BoundEgress, ...] = ()

    def named_keys(self) -> Iterator[UpstreamKey]:
        """Every upstream that connections are sent to, and no request is."""
        connections = [*self.tcp, *(route for one in self.bound for route in one.tcp)]
        connections += map(_as_tcp, self.sniffed)
        yield from (destination.key for route in connections for destination in route.destinations)

    def tables(self) -> Iterator[PortRoutes]:
        """All routes for requests."""
        yield from self.http
        yield from (route.routes for route in self.sniffed)
        yield from (one.routes for one in self.bound if one.routes)


def build_egress(scope: Scope, caller: Caller, memory: Memory) -> Egress:
    """The routes of all listeners, put together."""
    named = {listener.port for listener in scope.listeners if listener.port and not listener.mixes_ports}
    shared: dict[int | None, Egress] = {}
    bound: dict[tuple[str, int], BoundEgress] = {}
    for listener in scope.listeners:
        found = _routes(listener, caller, memory)
        if listener.port is None:
            found = _without(found, named)
        if listener.address:
            for one in _bind(found, listener):
                bound.setdefault((one.address, one.port), one)
        else:
            shared.setdefault(listener.port, found)
    egress = _together(shared.values(), tuple(bound[place] for place in sorted(bound)))
    return _with_proxy(egress, scope.egress_proxy) if scope.egress_proxy else egress


def _routes(listener: ListenerScope, caller: Caller, memory: Memory) -> Egress:
    facts = listener.facts
    requests = (
        facts.routing.for_sidecars(caller.namespace) if has_sniffed_ports(facts, caller, memory) else ""
    )
    tcp, sniffed = memory.recall(
        ("tcp", facts.registry, facts.headless, facts.settings, facts.connections, requests, caller),
        lambda: build_tcp_routes(facts, caller),
    )
    # Whoever asks a proxy for a host without a port means 80.
    http = recall_sidecar_http(facts, caller, memory, has_plain_port=listener.mixes_ports)
    return Egress(http, tcp, sniffed)


def _without(egress: Egress, ports: set[int]) -> Egress:
    if not ports:
        return egress
    return Egress(
        tuple(routes for routes in egress.http if routes.port not in ports),
        tuple(route for route in egress.tcp if route.port not in ports),
        tuple(route for route in egress.sniffed if route.port not in ports),
    )


def _together(parts: Iterable[Egress], bound: tuple[BoundEgress, ...]) -> Egress:
    several = tuple(parts)
    if len(several) == 1:
        return msgspec.structs.replace(several[0], bound=bound)
    http = [routes for part in several for routes in part.http]
    tcp = [route for part in several for route in part.tcp]
    sniffed = [route for part in several for route in part.sniffed]
    return Egress(
        tuple(sorted(http, key=lambda routes: routes.port)),
        tuple(sorted(tcp, key=lambda route: (route.port, route.vip, route.server_names, route.subnets))),
        tuple(sorted(sniffed, key=lambda route: (route.port, route.vip, route.subnets))),
        bound,
    )


def _bind(found: Egress, listener: ListenerScope) -> Iterator[BoundEgress]:
    """What listens at the listener's own address, by port."""
    if listener.mixes_ports:
        yield _bind_mixed(found, listener)
        return
    tables = {routes.port: routes for routes in found.http}
    for sniffed in found.sniffed:
        known = tables.get(sniffed.port)
        tables[sniffed.port] = _joined(known, sniffed.routes) if known else sniffed.routes
    connections = [*found.tcp, *(_as_tcp(route) for route in found.sniffed)]
    for port in sorted(tables.keys() | {route.port for route in connections}):
        routes = tables.get(port)
        yield BoundEgress(
            address=listener.address,
            port=port,
            is_bound=listener.is_bound,
            routes=_answering(routes, listener) if routes else None,
            tcp=_first_claims(listener.address, (route for route in connections if route.port == port)),
        )


def _bind_mixed(found: Egress, listener: ListenerScope) -> BoundEgress:
    """All requests at one place: a host alone means its first port, others are said with the host."""
    hosts: list[HostRoutes] = []
    taken: set[str] = set()
    tables = [*found.http, *(route.routes for route in found.sniffed)]
    for table in sorted(tables, key=lambda routes: routes.port):
        for host in table.hosts:
            said = (*host.domains, *(f"{domain}:{table.port}" for domain in host.domains))
            free = tuple(domain for domain in said if domain not in taken)
            taken.update(free)
            if free:
                hosts.append(msgspec.structs.replace(host, domains=free))
    is_http = listener.protocol is None or listener.protocol.is_http
    fallback = tables[0].fallback if tables else Fallback.BLOCK
    return BoundEgress(
        address=listener.address,
        port=listener.port or 0,
        is_bound=listener.is_bound,
        routes=_answering(PortRoutes(0, tuple(hosts), fallback), listener) if is_http else None,
        tcp=() if is_http else _first_claims(listener.address, found.tcp)[:1],
        is_mesh_proxy=listener.is_mesh_proxy,
    )


def _answering(routes: PortRoutes, listener: ListenerScope) -> PortRoutes:
    # Nobody dialled an address to which unknown requests could go.
    if listener.is_bound and routes.fallback is Fallback.PASSTHROUGH:
        return msgspec.structs.replace(routes, fallback=Fallback.BLOCK)
    return routes


def _as_tcp(route: SniffedRoute) -> TcpRoute:
    return TcpRoute(route.vip, route.port, route.destinations)


def _first_claims(address: str, routes: Iterable[TcpRoute]) -> tuple[TcpRoute, ...]:
    """The routes at one address; of two for the same connections the first counts."""
    claimed: dict[tuple[str, ...], TcpRoute] = {}
    for route in routes:
        if route.destinations:
            moved = msgspec.structs.replace(route, vip=address, subnets=())
            claimed.setdefault(route.server_names, moved)
    return tuple(claimed[names] for names in sorted(claimed))


def _joined(known: PortRoutes, more: PortRoutes) -> PortRoutes:
    hosts = {host.host: host for host in (*more.hosts, *known.hosts)}
    return msgspec.structs.replace(known, hosts=tuple(hosts[name] for name in sorted(hosts)))


def _with_proxy(egress: Egress, proxy: UpstreamKey) -> Egress:
    def led(routes: PortRoutes) -> PortRoutes:
        return msgspec.structs.replace(routes, fallback=Fallback.PASSTHROUGH, egress_proxy=proxy)

    def led_bound(one: BoundEgress) -> BoundEgress:
        return msgspec.structs.replace(one, routes=led(one.routes)) if one.routes else one

    return Egress(
        tuple(map(led, egress.http)),
        egress.tcp,
        tuple(msgspec.structs.replace(route, routes=led(route.routes)) for route in egress.sniffed),
        tuple(map(led_bound, egress.bound)),
    )
