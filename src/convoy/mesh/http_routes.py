"""HTTP routing: for every port number all hosts, for every host the rules in the order in which they are
tried.

Only ports declared as HTTP have rules; a VirtualService never attaches to a TCP port. A rule without
conditions ends the list, because nothing gets past it.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from convoy.api.meta import Hostname, Namespace
from convoy.mesh.domains import as_domain, build_domains
from convoy.mesh.facts import Facts
from convoy.mesh.gateway_names import MESH
from convoy.mesh.hosts import covers, is_wildcard
from convoy.mesh.http_rules import PreparedRule, RuleFilter, Target
from convoy.mesh.model import (
    Fallback,
    HostRoutes,
    Labels,
    MeshSettings,
    Mirror,
    Part,
    PortRoutes,
    RetryPolicy,
    RouteMatch,
    RouteRule,
    ServicePort,
    UpstreamKey,
    WeightedUpstream,
)
from convoy.mesh.redirects import build_redirect
from convoy.mesh.services import Registered
from convoy.mesh.virtual_services import PreparedVirtualService

_EVERYTHING = RouteMatch()
_PLAIN_HTTP = 80

Visible = Mapping[Hostname, Registered]


class Caller(Part, frozen=True, cache_hash=True):
    """Whose requests are routed. `gateway` is `mesh` for sidecars, else `<namespace>/<name>`."""

    namespace: Namespace
    labels: Labels
    gateway: str = MESH


class Claims:
    """The hosts of one port; a spelling belongs to the host that claims it first."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._taken: set[str] = set()
        self._hosts: list[HostRoutes] = []

    def claim(self, host: str, domains: tuple[str, ...], rules: tuple[RouteRule, ...]) -> None:
        """Add a host with those of its spellings that are still free; without any it is left out."""
        free = tuple(domain for domain in dict.fromkeys(domains) if domain not in self._taken)
        self._taken.update(free)
        if free:
            self._hosts.append(HostRoutes(host, self._port, free, rules))

    def build(self, fallback: Fallback) -> PortRoutes:
        """All hosts, sorted."""
        return PortRoutes(self._port, tuple(sorted(self._hosts, key=lambda host: host.host)), fallback)


def build_sidecar_http(
    facts: Facts, caller: Caller, *, has_plain_port: bool = False
) -> tuple[PortRoutes, ...]:
    """The HTTP ports of a sidecar view, sorted by number; `has_plain_port`: 80 is one, whatever there is."""
    claims = {_PLAIN_HTTP: Claims(_PLAIN_HTTP)} if has_plain_port else {}
    for registered in facts.registry.visible(caller.namespace).values():
        for port in registered.service.ports:
            if port.protocol.is_http:
                claim = claims.setdefault(port.number, Claims(port.number))
                _claim_service(claim, registered, port, facts, caller)
    _claim_unregistered(claims, facts, caller)
    fallback = sidecar_fallback(facts.settings)
    return tuple(claims[port].build(fallback) for port in sorted(claims))


def build_service_routes(
    registered: Registered, port: ServicePort, facts: Facts, caller: Caller
) -> PortRoutes:
    """One service's own HTTP routes: what a sniffed connection to its address uses."""
    claims = Claims(port.number)
    _claim_service(claims, registered, port, facts, caller)
    return claims.build(sidecar_fallback(facts.settings))


def build_service_rules(
    registered: Registered, port: ServicePort, facts: Facts, caller: Caller
) -> tuple[RouteRule, ...]:
    """The rules for requests to a port of a service: those of the first VirtualService that has some, or
    else the one that leads to the service itself.
    """
    host = registered.service.hostname
    visible = facts.registry.known(caller.namespace)
    routing = facts.routing.for_sidecars(caller.namespace)
    found = (
        build_rules(candidate, caller, port=port.number, visible=visible)
        for candidate in routing.candidates(host)
    )
    rules = next(filter(None, found), ())
    return rules or (_default_rule(host, port.number, facts.routing.retries),)


def build_rules(
    service: PreparedVirtualService, caller: Caller, *, port: int, visible: Visible, is_tls: bool = False
) -> tuple[RouteRule, ...]:
    """The rules of a VirtualService that apply to a caller's requests at a listener's port.

    `is_tls`: the listener opens TLS, so that the scheme of its requests is https. Callers to whom the rules
    mean the same have the same tuple.
    """
    numbers = tuple(_applying(service, caller, port))
    rules = [service.rules[number] for number in numbers]
    reached = tuple(visible.get(host) for rule in rules for host in rule.reached)
    question = (numbers, port, is_tls, reached)
    if question not in service.answers:
        service.answers[question] = tuple(
            _route_rule(rule, port=port, visible=visible, is_tls=is_tls) for rule in rules
        )
    return service.answers[question]


def _applying(service: PreparedVirtualService, caller: Caller, port: int) -> Iterator[int]:
    for number, rule in enumerate(service.rules):
        if rule_applies(rule.filter, caller, port):
            yield number
            if rule.match == _EVERYTHING:
                return


def rule_applies(rule: RuleFilter, caller: Caller, port: int) -> bool:
    """Whether a rule is there for a caller's proxy at a listener's port."""
    return (
        rule.port in (None, port)
        and rule.namespace in ("", caller.namespace)
        and (not rule.gateways or caller.gateway in rule.gateways)
        and set(rule.labels) <= set(caller.labels)
    )


def target_key(target: Target, *, listener_port: int, visible: Visible) -> UpstreamKey:
    """The upstream that a destination names, whether it exists or not."""
    registered = visible.get(target.host)
    ports = registered.service.ports if registered else ()
    port = target.port or (ports[0].number if len(ports) == 1 else listener_port)
    return UpstreamKey(target.host, port, target.subset)


def sidecar_fallback(settings: MeshSettings) -> Fallback:
    """What becomes of requests for hosts the mesh does not know."""
    if not settings.allows_any:
        return Fallback.BLOCK
    return Fallback.RESOLVE if settings.resolves_any else Fallback.PASSTHROUGH


def _claim_service(
    claims: Claims, registered: Registered, port: ServicePort, facts: Facts, caller: Caller
) -> None:
    service = registered.service
    domains = build_domains(
        registered, facts.registry, viewer=caller.namespace, domain=facts.settings.cluster_domain
    )
    if registered.is_headless:
        # Nothing but the pods' addresses stands behind its name, so its rules hold for those, too.
        endpoints = facts.headless[service.endpoint_key(port)]
        domains = (*domains, *(as_domain(endpoint.address) for endpoint in endpoints))
    claims.claim(service.hostname, domains, build_service_rules(registered, port, facts, caller))


def _claim_unregistered(claims: Mapping[int, Claims], facts: Facts, caller: Caller) -> None:
    """Hosts that only VirtualServices know: on the ports of a wildcard host that covers them, else of the
    services named beside them, else on 80.
    """
    visible, known_targets = facts.registry.visible(caller.namespace), facts.registry.known(caller.namespace)
    wildcards = [one for host, one in visible.items() if is_wildcard(host)]
    for service in facts.routing.for_sidecars(caller.namespace).services.values():
        unknown = [host for host in service.hosts if not any(_registered(host, visible))]
        if not unknown:
            continue
        beside = _http_ports(one for host in service.hosts for one in _registered(host, visible))
        for host in unknown:
            covering = _http_ports(one for one in wildcards if covers(one.service.hostname, host))
            for number in sorted((covering or beside or {_PLAIN_HTTP}) & claims.keys()):
                rules = build_rules(service, caller, port=number, visible=known_targets)
                if rules:
                    claims[number].claim(host, (as_domain(host),), rules)


def _http_ports(services: Iterable[Registered]) -> set[int]:
    return {port.number for one in services for port in one.service.ports if port.protocol.is_http}


def _registered(host: str, visible: Visible) -> Iterator[Registered]:
    if is_wildcard(host):
        yield from (one for known, one in visible.items() if covers(host, known))
    elif host in visible:
        yield visible[Hostname(host)]


def _route_rule(rule: PreparedRule, *, port: int, visible: Visible, is_tls: bool) -> RouteRule:
    def key(target: Target) -> UpstreamKey:
        return target_key(target, listener_port=port, visible=visible)

    redirect = rule.redirect
    return msgspec.structs.replace(
        rule.template,
        destinations=tuple(
            WeightedUpstream(key(target), target.weight, target.edits)
            for target in rule.targets
            if target.weight > 0
        ),
        mirrors=tuple(Mirror(key(mirror.target), mirror.share) for mirror in rule.mirrors),
        redirect=build_redirect(redirect, rule.match, port=port, is_tls=is_tls) if redirect else None,
    )


def _default_rule(host: Hostname, port: int, retries: RetryPolicy) -> RouteRule:
    return RouteRule(
        match=_EVERYTHING,
        destinations=(WeightedUpstream(UpstreamKey(host, port), 100),),
        timeout_ms=0,
        retries=retries,
        name="default",
    )
