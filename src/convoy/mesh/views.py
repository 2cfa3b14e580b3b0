"""The views: everything outbound that proxies with the same key share, and everything a gateway serves.

Beside each view its planned upstreams are returned, from which the assignments of endpoints are made.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from convoy.api.istio.mesh_config import GatewayTopology
from convoy.api.meta import Hostname
from convoy.mesh.credentials import find_credentials, sorted_credentials
from convoy.mesh.egress import Egress, build_egress
from convoy.mesh.facts import Facts
from convoy.mesh.gateway_ports import GatewayPorts, build_gateway_ports
from convoy.mesh.gateway_servers import open_ports
from convoy.mesh.http_routes import Caller
from convoy.mesh.memory import Memory
from convoy.mesh.model import (
    Credential,
    GatewayView,
    PortRoutes,
    SidecarView,
    Topology,
    Upstream,
    UpstreamKey,
    ViewKey,
)
from convoy.mesh.pods import PodFacts
from convoy.mesh.route_policies import has_route_policies, with_route_policies
from convoy.mesh.scopes import Scope
from convoy.mesh.services import Registered
from convoy.mesh.upstreams import PlannedUpstream, Plans, UpstreamPlanner

Planned = Mapping[Hostname, Plans]
"""By host."""


class _Sent(msgspec.Struct, frozen=True, eq=False):
    """What a view sends to; `plans` are the planner's."""

    plans: object
    planned: Planned
    upstreams: tuple[Upstream, ...]
    credentials: tuple[Credential, ...]
    has_policies: bool
    """Some say things that routes must know."""


def build_sidecar_view(
    facts: Facts, key: ViewKey, planner: UpstreamPlanner, *, scope: Scope, memory: Memory
) -> tuple[SidecarView, Planned]:
    """The view of the sidecars with this key: it has every service that they see, used by a route or not, and
    beside these what their routes name.
    """
    egress = build_egress(scope, Caller(key.namespace, key.labels), memory)
    reached = _reached(facts, key, scope, egress)
    is_all = len(reached) == len(facts.registry.known(key.namespace))
    known = (facts.registry,) if is_all else reached
    sending = memory.recall(("sending", facts, planner), lambda: _Sending(facts, planner))
    sent = memory.revise(
        ("sent", facts.credentials, key, *known), lambda before: sending.of(key, before, reached)
    )
    view = SidecarView(
        key=key,
        upstreams=sent.upstreams,
        http=egress.http,
        tcp=egress.tcp,
        sniffed=egress.sniffed,
        allows_any=scope.allows_any,
        detection_ms=facts.settings.protocol_detection_timeout_ms,
        bound=egress.bound,
        egress_proxy=scope.egress_proxy,
        paths=facts.settings.path_normalization,
        resolves_any=scope.resolves_any,
        credentials=sent.credentials,
    )
    return with_route_policies(view) if sent.has_policies else view, sent.planned


class _Sending:
    """What the views of one snapshot send to; views for which everything is planned alike have one object."""

    def __init__(self, facts: Facts, planner: UpstreamPlanner) -> None:
        self._facts = facts
        self._planner = planner
        self._made: dict[tuple[int, ...], tuple[tuple[object, ...], _Sent]] = {}

    def of(self, key: ViewKey, before: _Sent | None, reached: Iterable[Registered]) -> _Sent:
        """What a view sends to now; planned again only for hosts of which something else was planned."""
        changed = self._planner.changed_since(before.plans) if before else None
        if before is None or changed is None:
            planned = {one.service.hostname: self._plan(one, key) for one in reached}
            return self._once(tuple(planned.values()), lambda: self._all(planned))
        known = self._facts.registry.known(key.namespace)
        news = {host: self._plan(known[host], key) for host in sorted(changed & before.planned.keys())}
        return self._once((before, *news.values()), lambda: self._exchanged(before, news))

    def _once(self, inputs: tuple[object, ...], make: Callable[[], _Sent]) -> _Sent:
        question = tuple(map(id, inputs))
        if question not in self._made:
            # The objects are kept with the answer, so that no others can be mistaken for them.
            self._made[question] = (inputs, make())
        return self._made[question][1]

    def _plan(self, registered: Registered, key: ViewKey) -> Plans:
        return self._planner.plan(registered, client=key.namespace, network=key.network, labels=key.labels)

    def _all(self, planned: Planned) -> _Sent:
        upstreams = _sorted_upstreams(one for plans in planned.values() for one in plans)
        return _Sent(
            self._planner.plans,
            planned,
            upstreams,
            sorted_credentials(find_credentials(upstreams, self._facts.credentials)),
            has_policies=any(map(has_route_policies, upstreams)),
        )

    def _exchanged(self, before: _Sent, news: Planned) -> _Sent:
        """The same with other plans for some hosts."""
        changed = {host: plans for host, plans in news.items() if plans is not before.planned[host]}
        if not changed:
            return msgspec.structs.replace(before, plans=self._planner.plans)
        planned = {**before.planned, **changed}
        olds = [one.upstream for host in changed for one in before.planned[host]]
        now = {one.upstream.key: one.upstream for plans in changed.values() for one in plans}
        has_more = any(has_route_policies(one) or one.tls.origination for one in (*olds, *now.values()))
        if has_more or now.keys() != {one.key for one in olds}:
            return self._all(planned)
        upstreams = list(before.upstreams)
        for key, upstream in now.items():
            at = bisect_left(upstreams, upstream_order(key), key=lambda one: upstream_order(one.key))
            upstreams[at] = upstream
        return _Sent(
            self._planner.plans,
            planned,
            tuple(upstreams),
            before.credentials,
            has_policies=before.has_policies,
        )


def _reached(facts: Facts, key: ViewKey, scope: Scope, egress: Egress) -> tuple[Registered, ...]:
    """The services that are seen, then those that are only sent to, in the registry's order."""
    known = facts.registry.known(key.namespace)
    if len(scope.services) == len(known):
        return tuple(scope.services.values())
    named = {upstream.hostname for upstream in (*routed_keys(egress.tables()), *egress.named_keys())}
    if scope.egress_proxy:
        named.add(scope.egress_proxy.hostname)
    return tuple(one for host, one in known.items() if host in scope.services or host in named)


def build_gateway_view(
    facts: Facts,
    key: ViewKey,
    planner: UpstreamPlanner,
    *,
    pod: PodFacts,
    services: Iterable[Registered],
) -> tuple[GatewayView, Planned]:
    """The view of the gateways with this key, `pod` being one of them and `services` those that select it.

    A gateway has only the upstreams that its routes name.
    """
    ports = build_gateway_ports(facts, key, planner, ports=open_ports(pod, services, facts.gateways))
    planned = dict.fromkeys(_named_upstreams(facts, key, planner, ports))
    planned.update(dict.fromkeys(ports.passed_to))
    upstreams = _sorted_upstreams(planned)
    view = GatewayView(
        key=key,
        upstreams=upstreams,
        http=ports.http,
        passthrough=ports.passthrough,
        https=ports.https,
        tcp=ports.tcp,
        credentials=sorted_credentials((*ports.credentials, *find_credentials(upstreams, facts.credentials))),
        paths=facts.settings.path_normalization,
        topology=_topology(facts.settings.gateway_topology),
    )
    by_host: dict[Hostname, Plans] = {}
    for one in planned:
        host = one.upstream.key.hostname
        by_host[host] = (*by_host.get(host, ()), one)
    return with_route_policies(view), by_host


def _topology(written: GatewayTopology) -> Topology:
    return Topology(
        written.num_trusted_proxies,
        written.forward_client_cert_details,
        written.proxy_protocol is not None,
    )


def routed_keys(ports: Iterable[PortRoutes]) -> Iterator[UpstreamKey]:
    """Every upstream that some rule names."""
    for port in ports:
        for host in port.hosts:
            for rule in host.rules:
                yield from (destination.key for destination in rule.destinations)
                yield from (mirror.key for mirror in rule.mirrors)


def _named_upstreams(
    facts: Facts, key: ViewKey, planner: UpstreamPlanner, ports: GatewayPorts
) -> Iterator[PlannedUpstream]:
    named = set(routed_keys(ports.tables()))
    named.update(share.key for route in ports.connections() for share in route.destinations)
    visible = facts.registry.visible(key.namespace)
    for host in sorted({upstream.hostname for upstream in named} & visible.keys()):
        plans = planner.plan(
            visible[host], client=key.namespace, network=key.network, labels=key.labels, at_gateway=True
        )
        yield from (planned for planned in plans if planned.upstream.key in named)


def _sorted_upstreams(planned: Iterable[PlannedUpstream]) -> tuple[Upstream, ...]:
    upstreams = {one.upstream.key: one.upstream for one in planned}
    return tuple(sorted(upstreams.values(), key=lambda upstream: upstream_order(upstream.key)))


def upstream_order(key: UpstreamKey) -> tuple[str, int, str, bool]:
    """The settled order of upstreams."""
    return (key.hostname, key.port, key.subset, key.is_passthrough)
