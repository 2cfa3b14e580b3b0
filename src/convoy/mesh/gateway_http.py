"""HTTP routing at a gateway: the VirtualServices that name the Gateway and share a host with its server.

Unlike in sidecars, several VirtualServices for one host add up here: oldest first, rules for everything at
the end.
"""

from collections.abc import Iterable, Iterator

from convoy.mesh.facts import Facts
from convoy.mesh.gateway_servers import OpenServer
from convoy.mesh.hosts import narrower
from convoy.mesh.http_routes import Caller, build_rules
from convoy.mesh.model import (
    Fallback,
    GatewayHttp,
    HostRoutes,
    PortRoutes,
    RouteMatch,
    RouteRule,
    ViewKey,
)
from convoy.mesh.virtual_services import PreparedVirtualService


def build_gateway_http(
    facts: Facts, key: ViewKey, *, listen_port: int, servers: tuple[OpenServer, ...]
) -> GatewayHttp:
    """One HTTP port of a gateway; hosts nobody routes are answered with 404."""
    rules: dict[str, list[RouteRule]] = {}
    for service in facts.routing:
        if not service.visibility.allows(key.namespace):
            continue
        for host, server in _served_hosts(service, servers):
            caller = Caller(key.namespace, key.labels, server.gateway)
            visible = facts.registry.visible(key.namespace)
            found = build_rules(service, caller, port=server.port, visible=visible)
            rules.setdefault(host, []).extend(found)
    hosts = tuple(
        HostRoutes(host, listen_port, (host,), _merged(rules[host])) for host in sorted(rules) if rules[host]
    )
    return GatewayHttp(listen_port, PortRoutes(listen_port, hosts, Fallback.NOT_FOUND))


def served_hosts(service: PreparedVirtualService, server: OpenServer) -> Iterator[str]:
    """The hosts of a VirtualService that a server serves; of a wildcard on either side only the common
    part.
    """
    for host in service.hosts:
        for admitted in server.hosts:
            if admitted.namespace in ("*", service.namespace):
                common = narrower(admitted.host, host)
                if common:
                    yield common


def _served_hosts(
    service: PreparedVirtualService, servers: Iterable[OpenServer]
) -> Iterator[tuple[str, OpenServer]]:
    seen = set()
    for server in servers:
        if server.gateway not in service.gateways:
            continue
        for host in served_hosts(service, server):
            if host not in seen:
                seen.add(host)
                yield host, server


def _merged(rules: list[RouteRule]) -> tuple[RouteRule, ...]:
    for_everything = [rule for rule in rules if rule.match == RouteMatch()]
    return (*(rule for rule in rules if rule.match != RouteMatch()), *for_everything[:1])
