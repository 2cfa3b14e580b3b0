"""Connections that a gateway passes on as bytes, by the `tcp` and `tls` rules bound to it.

A gateway is dialled at its own address, so the networks that rules for sidecars may name say nothing here. A
server whose rules lead nowhere is not opened.
"""

from collections.abc import Iterator

import msgspec

from convoy.mesh.facts import Facts
from convoy.mesh.gateway_http import served_hosts, server_names
from convoy.mesh.gateway_servers import OpenServer, Place
from convoy.mesh.http_routes import Caller
from convoy.mesh.l4_routes import ListenPlace, build_tcp_rules, build_tls_rules
from convoy.mesh.l4_rules import ConnectionRules, is_matchable
from convoy.mesh.model import GatewayTcp, ServerTls, TcpRoute, ViewKey


def build_gateway_tcp(
    facts: Facts, key: ViewKey, *, place: Place, server: OpenServer, tls: ServerTls | None = None
) -> GatewayTcp | None:
    """The connections of a server by the first `tcp` rule that applies; None without one.

    With `tls` it ends here, for the server's own hosts.
    """
    routes = build_tcp_rules(
        facts, _caller(key, server), _bound_rules(facts, key, server), place=_listening(place, server)
    )
    if not routes:
        return None
    names = server_names(server) if tls else ()
    route = msgspec.structs.replace(routes[0], server_names=names, subnets=())
    return GatewayTcp(place.port, route, bind=place.bind, tls=tls)


def build_gateway_unopened(
    facts: Facts, key: ViewKey, *, place: Place, server: OpenServer
) -> Iterator[GatewayTcp]:
    """The TLS connections of a PASSTHROUGH server, by the SNIs of the `tls` rules within its hosts."""
    for rules in _bound_rules(facts, key, server):
        hosts = tuple(
            admitted.host for admitted in server.hosts if admitted.namespace in ("*", rules.service.namespace)
        )
        routes = build_tls_rules(
            facts, _caller(key, server), (rules,), place=_listening(place, server), hosts=hosts
        )
        for route in routes:
            names = tuple(filter(is_matchable, route.server_names))
            if names:
                without = msgspec.structs.replace(route, server_names=names, subnets=())
                yield GatewayTcp(place.port, without, bind=place.bind)


class TakenNames:
    """The SNIs of one place that some connections have already; no two may have the same."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def claim(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the names that are still free; they are taken from now on."""
        free = tuple(name for name in dict.fromkeys(names) if name not in self._taken)
        self._taken.update(free)
        return free

    def claim_for(self, tcp: GatewayTcp) -> GatewayTcp | None:
        """The same with the names that are free; None without any."""
        route: TcpRoute = tcp.route
        free = self.claim(route.server_names)
        if not free:
            return None
        return msgspec.structs.replace(tcp, route=msgspec.structs.replace(route, server_names=free))


def _caller(key: ViewKey, server: OpenServer) -> Caller:
    return Caller(key.namespace, key.labels, server.gateway)


def _listening(place: Place, server: OpenServer) -> ListenPlace:
    return ListenPlace(place.bind, place.port, server.port)


def _bound_rules(facts: Facts, key: ViewKey, server: OpenServer) -> tuple[ConnectionRules, ...]:
    bound = facts.routing.bound(server.gateway, namespace=key.namespace)
    return facts.connections.of(service for service in bound if any(served_hosts(service, server)))
