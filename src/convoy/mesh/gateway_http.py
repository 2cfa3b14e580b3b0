"""HTTP routing at a gateway: the VirtualServices that name the Gateway and share a host with its server.

Unlike in sidecars, several VirtualServices for one host add up here: oldest first, rules for everything at
the end. The servers of a plain port share its routes; a server that ends TLS has routes of its own, because
its SNI has been chosen already.
"""

from collections.abc import Iterable, Iterator

from convoy.mesh.facts import Facts
from convoy.mesh.gateway_servers import OpenServer, Place
from convoy.mesh.hosts import narrower
from convoy.mesh.http_routes import Caller, build_rules
from convoy.mesh.model import (
    Fallback,
    GatewayHttp,
    GatewayHttps,
    HostRoutes,
    PortRoutes,
    RouteMatch,
    RouteRule,
    ServerTls,
    ViewKey,
)
from convoy.mesh.virtual_services import PreparedVirtualService


def build_gateway_http(
    facts: Facts, key: ViewKey, *, place: Place, servers: tuple[OpenServer, ...]
) -> GatewayHttp:
    """One HTTP port of a gateway; hosts nobody routes are answered with 404."""
    return GatewayHttp(
        place.port,
        _routes(facts, key, servers, port=place.port),
        bind=place.bind,
        is_grpc_web=any(server.is_grpc_web for server in servers),
    )


def build_gateway_https(
    facts: Facts, key: ViewKey, *, place: Place, server: OpenServer, tls: ServerTls
) -> GatewayHttps:
    """One server whose TLS ends at the gateway. Its routes are the same wherever it listens."""
    namespace, _, name = server.gateway.partition("/")
    return GatewayHttps(
        place.port,
        _routes(facts, key, (server,), port=server.port, is_tls=True),
        server=f"{server.port}.{server.port_name}.{name}.{namespace}",
        server_names=server_names(server),
        tls=tls,
        bind=place.bind,
        is_grpc_web=server.is_grpc_web,
    )


def server_names(server: OpenServer) -> tuple[str, ...]:
    """The SNIs of a server: names, `*.suffix`, or `*` alone for any."""
    hosts = tuple(dict.fromkeys(admitted.host for admitted in server.hosts))
    return ("*",) if "*" in hosts else hosts


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


def _routes(
    facts: Facts, key: ViewKey, servers: tuple[OpenServer, ...], *, port: int, is_tls: bool = False
) -> PortRoutes:
    rules: dict[str, list[RouteRule]] = {}
    visible = facts.registry.visible(key.namespace)
    for service in _bound(facts, key, servers):
        for host, server in _served_hosts(service, servers):
            caller = Caller(key.namespace, key.labels, server.gateway)
            found = build_rules(service, caller, port=server.port, visible=visible, is_tls=is_tls)
            rules.setdefault(host, []).extend(found)
    secured = () if is_tls else tuple(_secured_hosts(servers))
    hosts = tuple(
        HostRoutes(host, port, (host,), _merged(rules.get(host, [])), requires_tls=_is_secured(host, secured))
        for host in sorted(rules.keys() | set(secured))
        if rules.get(host) or host in secured
    )
    return PortRoutes(port, hosts, Fallback.NOT_FOUND)


def _bound(facts: Facts, key: ViewKey, servers: tuple[OpenServer, ...]) -> Iterable[PreparedVirtualService]:
    """The VirtualServices bound to one of the servers' Gateways, oldest first."""
    gateways = {server.gateway for server in servers}
    if len(gateways) == 1:
        return facts.routing.bound(gateways.pop(), namespace=key.namespace)
    return (
        service
        for service in facts.routing
        if service.visibility.allows(key.namespace) and not gateways.isdisjoint(service.gateways)
    )


def _secured_hosts(servers: Iterable[OpenServer]) -> Iterator[str]:
    """What is to be asked for over TLS, routed or not."""
    for server in servers:
        if server.tls and server.tls.https_redirect:
            yield from (admitted.host for admitted in server.hosts)


def _is_secured(host: str, secured: tuple[str, ...]) -> bool:
    return any(narrower(one, host) == host for one in secured)


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
