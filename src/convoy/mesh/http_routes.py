"""HTTP routing: for every port number all hosts, for every host the rules in the order in which they are
tried.

Only ports declared as HTTP have rules; a VirtualService never attaches to a TCP port. A rule without
conditions ends the list, because nothing gets past it.
"""

from collections.abc import Iterator, Mapping

from convoy.api.meta import Hostname, Namespace
from convoy.mesh.domains import build_domains
from convoy.mesh.facts import Facts
from convoy.mesh.hosts import covers, is_wildcard
from convoy.mesh.model import (
    Fallback,
    HostRoutes,
    Labels,
    MeshSettings,
    Part,
    PortRoutes,
    RouteMatch,
    RouteRule,
    ServicePort,
    UpstreamKey,
    WeightedUpstream,
)
from convoy.mesh.services import Registered
from convoy.mesh.virtual_services import (
    DEFAULT_RETRIES,
    MESH,
    PreparedRule,
    PreparedVirtualService,
    RuleFilter,
    Target,
)

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


def build_sidecar_http(facts: Facts, caller: Caller) -> tuple[PortRoutes, ...]:
    """The HTTP ports of a sidecar view, sorted by number."""
    claims: dict[int, Claims] = {}
    for registered in facts.registry.visible(caller.namespace).values():
        for port in registered.service.ports:
            if port.protocol.is_http:
                claim = claims.setdefault(port.number, Claims(port.number))
                _claim_service(claim, registered, port, facts, caller)
    if _PLAIN_HTTP in claims:
        _claim_unregistered(claims[_PLAIN_HTTP], facts, caller)
    fallback = sidecar_fallback(facts.settings)
    return tuple(claims[port].build(fallback) for port in sorted(claims))


def build_service_routes(
    registered: Registered, port: ServicePort, facts: Facts, caller: Caller
) -> PortRoutes:
    """One service's own HTTP routes: what a sniffed connection to its address uses."""
    claims = Claims(port.number)
    _claim_service(claims, registered, port, facts, caller)
    return claims.build(sidecar_fallback(facts.settings))


def build_rules(
    service: PreparedVirtualService, caller: Caller, *, port: int, visible: Visible
) -> tuple[RouteRule, ...]:
    """The rules of a VirtualService that apply to a caller's requests at a listener's port."""
    rules: list[RouteRule] = []
    for rule in service.rules:
        if not rule_applies(rule.filter, caller, port):
            continue
        rules.append(_route_rule(rule, port=port, visible=visible))
        if rule.match == _EVERYTHING:
            break
    return tuple(rules)


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
    return Fallback.PASSTHROUGH if settings.allows_any else Fallback.BLOCK


def _claim_service(
    claims: Claims, registered: Registered, port: ServicePort, facts: Facts, caller: Caller
) -> None:
    service = registered.service
    routing = facts.routing.for_sidecars(caller.namespace).find(service.hostname)
    visible = facts.registry.visible(caller.namespace)
    rules = build_rules(routing, caller, port=port.number, visible=visible) if routing else ()
    domains = build_domains(
        registered, facts.registry, viewer=caller.namespace, domain=facts.settings.cluster_domain
    )
    claims.claim(service.hostname, domains, rules or (_default_rule(service.hostname, port.number),))


def _claim_unregistered(claims: Claims, facts: Facts, caller: Caller) -> None:
    visible = facts.registry.visible(caller.namespace)
    for service in facts.routing.bound(MESH, namespace=caller.namespace):
        rules = build_rules(service, caller, port=_PLAIN_HTTP, visible=visible)
        for host in service.hosts if rules else ():
            if not any(_is_registered(host, visible)):
                claims.claim(host, (host,), rules)


def _is_registered(host: str, visible: Visible) -> Iterator[bool]:
    if is_wildcard(host):
        yield from (covers(host, registered) for registered in visible)
    else:
        yield host in visible


def _route_rule(rule: PreparedRule, *, port: int, visible: Visible) -> RouteRule:
    return RouteRule(
        match=rule.match,
        destinations=tuple(
            WeightedUpstream(target_key(target, listener_port=port, visible=visible), target.weight)
            for target in rule.targets
            if target.weight > 0
        ),
        timeout_ms=rule.timeout_ms,
        retries=rule.retries,
        origin=rule.origin,
        name=rule.name,
    )


def _default_rule(host: Hostname, port: int) -> RouteRule:
    return RouteRule(
        match=_EVERYTHING,
        destinations=(WeightedUpstream(UpstreamKey(host, port), 100),),
        timeout_ms=0,
        retries=DEFAULT_RETRIES,
        name="default",
    )
