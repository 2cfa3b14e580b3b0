"""The `tls` and `tcp` rules of VirtualServices, prepared once: names, subnets and destinations settled.

What depends on the proxy stays as a filter on each rule and is decided in `l4_routes`. Unlike with HTTP, all
VirtualServices that cover a host count, oldest first: rules for its connections may stand beside rules for
its requests in another object.
"""

import copy
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from convoy.api.istio.virtual_service import L4Match, RouteDestination, TcpRoute, TlsMatch, TlsRoute
from convoy.api.meta import ObjectKey
from convoy.mesh.aliases import Aliases, resolve_target
from convoy.mesh.gateway_names import MESH, resolve_gateway
from convoy.mesh.hosts import covers, is_wildcard
from convoy.mesh.http_rules import RuleFilter, Target
from convoy.mesh.model import Part, RuleRef
from convoy.mesh.short_names import expand_host
from convoy.mesh.virtual_services import PreparedVirtualService, Routing


class ConnectionRule(Part, frozen=True, cache_hash=True):
    """One match of a `tls` or `tcp` rule; `tcp` rules have no server names."""

    server_names: tuple[str, ...]
    subnets: tuple[str, ...]
    """Empty: any address."""
    filter: RuleFilter
    targets: tuple[Target, ...]
    origin: RuleRef


class ConnectionRules(msgspec.Struct, frozen=True, eq=False):
    """The rules of one VirtualService for connections, in their order."""

    service: PreparedVirtualService
    tls: tuple[ConnectionRule, ...]
    tcp: tuple[ConnectionRule, ...]

    def label_pairs(self) -> Iterator[tuple[str, str]]:
        """The labels of callers on which some rule depends."""
        for rule in (*self.tls, *self.tcp):
            yield from rule.filter.labels


class ConnectionRouting:
    """All VirtualServices that have rules for connections, oldest first."""

    def __init__(self, routing: Routing, *, domain: str, aliases: Aliases | None = None) -> None:
        self._by_key: dict[ObjectKey, ConnectionRules] = {}
        for service in routing:
            if service.written.spec.tls or service.written.spec.tcp:
                self._by_key[service.key] = _prepare(service, domain, aliases or {})
        self._sidecars: dict[str, _Covering] = {}

    def __iter__(self) -> Iterator[ConnectionRules]:
        return iter(self._by_key.values())

    def narrowed(self, keeps: Callable[[PreparedVirtualService], bool]) -> "ConnectionRouting":
        """The same for proxies that import only some of them."""
        narrowed = copy.copy(self)
        narrowed._by_key = {key: one for key, one in self._by_key.items() if keeps(one.service)}
        narrowed._sidecars = {}
        return narrowed

    def of(self, services: Iterable[PreparedVirtualService]) -> tuple[ConnectionRules, ...]:
        """The rules of some VirtualServices, in their order."""
        return tuple(self._by_key[one.key] for one in services if one.key in self._by_key)

    def for_sidecars(self, namespace: str, host: str) -> tuple[ConnectionRules, ...]:
        """The rules for connections to a host, or to some that a wildcard host stands for, from the sidecars
        of a namespace.
        """
        if not self._by_key:
            return ()
        if namespace not in self._sidecars:
            self._sidecars[namespace] = _Covering(
                one
                for one in self
                if MESH in one.service.gateways and one.service.visibility.allows(namespace)
            )
        return self._sidecars[namespace].find(host)


class _Covering:
    """Finds all rules that cover a host without asking each of them."""

    def __init__(self, rules: Iterable[ConnectionRules]) -> None:
        self._exact: dict[str, list[tuple[int, ConnectionRules]]] = {}
        self._wildcards: list[tuple[str, int, ConnectionRules]] = []
        for number, one in enumerate(rules):
            for host in one.service.hosts:
                if is_wildcard(host):
                    self._wildcards.append((host, number, one))
                else:
                    self._exact.setdefault(host, []).append((number, one))

    def find(self, host: str) -> tuple[ConnectionRules, ...]:
        found = dict(self._exact.get(host, ()))
        found |= {
            number: one
            for pattern, number, one in self._wildcards
            if covers(pattern, host) or covers(host, pattern)
        }
        if is_wildcard(host):
            for exact, rules in self._exact.items():
                found |= dict(rules if covers(host, exact) else ())
        return tuple(found[number] for number in sorted(found))


def _prepare(service: PreparedVirtualService, domain: str, aliases: Aliases) -> ConnectionRules:
    spec = service.written.spec
    return ConnectionRules(
        service=service,
        tls=tuple(
            _resolved(rule, aliases)
            for index, route in enumerate(spec.tls)
            for rule in _tls_rules(service, index, route, domain)
        ),
        tcp=tuple(
            _resolved(rule, aliases)
            for index, route in enumerate(spec.tcp)
            for rule in _tcp_rules(service, index, route, domain)
        ),
    )


def _resolved(rule: ConnectionRule, aliases: Aliases) -> ConnectionRule:
    targets = tuple(resolve_target(target, aliases) for target in rule.targets)
    return msgspec.structs.replace(rule, targets=targets) if aliases else rule


def _tls_rules(
    service: PreparedVirtualService, index: int, route: TlsRoute, domain: str
) -> Iterator[ConnectionRule]:
    for number, match in enumerate(route.match):
        several = f".match[{number}]" if len(route.match) > 1 else ""
        yield ConnectionRule(
            server_names=tuple(dict.fromkeys(filter(is_matchable, map(str.lower, match.sni_hosts)))),
            subnets=settled_subnets(match.destination_subnets),
            filter=_filter(match, service.namespace),
            targets=_targets(route.route, service.namespace, domain),
            origin=_origin(service, f"tls[{index}]{several}"),
        )


def _tcp_rules(
    service: PreparedVirtualService, index: int, route: TcpRoute, domain: str
) -> Iterator[ConnectionRule]:
    for number, match in enumerate(route.match or [L4Match()]):
        several = f".match[{number}]" if len(route.match) > 1 else ""
        yield ConnectionRule(
            server_names=(),
            subnets=settled_subnets(match.destination_subnets),
            filter=_filter(match, service.namespace),
            targets=_targets(route.route, service.namespace, domain),
            origin=_origin(service, f"tcp[{index}]{several}"),
        )


def is_matchable(name: str) -> bool:
    """Whether Envoy can compare an SNI with it: only whole labels may be left open."""
    return "*" not in name or name == "*" or (name.startswith("*.") and "*" not in name[1:])


def settled_subnets(written: Iterable[str]) -> tuple[str, ...]:
    """Networks in canonical spelling, each once; none when one of them is every address."""
    networks = [ipaddress.ip_network(one, strict=False) for one in written]
    if any(network.prefixlen == 0 for network in networks):
        return ()
    return tuple(dict.fromkeys(str(network) for network in networks))


def _filter(match: TlsMatch | L4Match, namespace: str) -> RuleFilter:
    return RuleFilter(
        port=match.port,
        labels=tuple(sorted(match.source_labels.items())),
        namespace=match.source_namespace,
        gateways=tuple(sorted({resolve_gateway(name, namespace) for name in match.gateways})),
    )


def _targets(route: Sequence[RouteDestination], namespace: str, domain: str) -> tuple[Target, ...]:
    # A lone destination gets everything, whatever its weight; among several, weight 0 means none.
    is_alone = len(route) == 1
    return tuple(
        Target(
            host=expand_host(one.destination.host, namespace, domain),
            subset=one.destination.subset,
            port=one.destination.port.number if one.destination.port else None,
            weight=100 if is_alone else one.weight,
        )
        for one in route
    )


def _origin(service: PreparedVirtualService, rule: str) -> RuleRef:
    return RuleRef("VirtualService", service.namespace, service.key.name, rule)
