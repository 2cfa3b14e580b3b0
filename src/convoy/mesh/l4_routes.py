"""Which way the connections of one listener go, by the `tls` and `tcp` rules that apply to a caller.

The rules of a list are tried in order, so of two with the same server name and subnet only the first is
kept: a proxy would refuse a listener in which two filter chains match alike.
"""

from collections.abc import Iterable, Iterator

import msgspec

from convoy.mesh.facts import Facts
from convoy.mesh.hosts import narrower
from convoy.mesh.http_routes import Caller, rule_applies, target_key
from convoy.mesh.l4_rules import ConnectionRule, ConnectionRules
from convoy.mesh.model import TcpRoute, WeightedUpstream


class ListenPlace(msgspec.Struct, frozen=True):
    """A listener's address and port, and the port number by which rules and destinations know it."""

    address: str
    listen_port: int
    port: int
    subnets: tuple[str, ...] = ()
    """Where rules that name no subnets hold; empty: at any address."""


def build_tls_rules(
    facts: Facts,
    caller: Caller,
    rules: Iterable[ConnectionRules],
    *,
    place: ListenPlace,
    hosts: tuple[str, ...] = ("*",),
) -> tuple[TcpRoute, ...]:
    """The routes of all `tls` rules that apply, in order. `hosts`: what server names are narrowed to."""
    return tuple(
        narrowed
        for one in rules
        for rule in one.tls
        if rule_applies(rule.filter, caller, place.port)
        for narrowed in _narrowed(_route(facts, caller, rule, place=place), hosts)
    )


def build_tcp_rules(
    facts: Facts, caller: Caller, rules: Iterable[ConnectionRules], *, place: ListenPlace
) -> tuple[TcpRoute, ...]:
    """The routes of all `tcp` rules that apply, in order, up to the first that takes every connection."""
    routes: list[TcpRoute] = []
    for one in rules:
        for rule in one.tcp:
            if not rule_applies(rule.filter, caller, place.port):
                continue
            routes.append(_route(facts, caller, rule, place=place))
            if not rule.subnets:
                return tuple(routes)
    return tuple(routes)


class ConnectionClaims:
    """Who gets which connections: of two claims on the same server name and network the first counts."""

    def __init__(self, routes: Iterable[TcpRoute] = ()) -> None:
        self._taken: set[tuple[str, int, str, str]] = set()
        for route in routes:
            self.claim(route)

    def claim(self, route: TcpRoute) -> tuple[TcpRoute, ...]:
        """What is still free of the connections that a route wants: the route, parts of it, or nothing."""
        if not route.server_names and not route.subnets:
            whole = (route.vip, route.port, "", "")
            is_free = whole not in self._taken
            self._taken.add(whole)
            return (route,) if is_free else ()
        by_names: dict[tuple[str, ...], list[str]] = {}
        for subnet in route.subnets or ("",):
            claims = {name: (route.vip, route.port, name, subnet) for name in route.server_names or ("",)}
            free = tuple(name for name, claim in claims.items() if claim not in self._taken)
            self._taken.update(claims.values())
            if free:
                by_names.setdefault(free, []).append(subnet)
        return tuple(
            msgspec.structs.replace(
                route,
                server_names=names if route.server_names else (),
                subnets=tuple(subnets) if route.subnets else (),
            )
            for names, subnets in by_names.items()
        )


def _route(facts: Facts, caller: Caller, rule: ConnectionRule, *, place: ListenPlace) -> TcpRoute:
    visible = facts.registry.known(caller.namespace)
    return TcpRoute(
        vip=place.address,
        port=place.listen_port,
        destinations=tuple(
            WeightedUpstream(target_key(target, listener_port=place.port, visible=visible), target.weight)
            for target in rule.targets
            if target.weight > 0
        ),
        server_names=rule.server_names,
        subnets=rule.subnets or place.subnets,
    )


def _narrowed(route: TcpRoute, hosts: tuple[str, ...]) -> Iterator[TcpRoute]:
    common = [narrower(host, name) for name in route.server_names for host in hosts]
    names = tuple(dict.fromkeys(name for name in common if name))
    if names:
        yield msgspec.structs.replace(route, server_names=names)
