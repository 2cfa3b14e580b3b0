"""The views: everything outbound that proxies with the same key share, and everything a gateway serves.

Beside each view its planned upstreams are returned, from which the assignments of endpoints are made.
"""

from collections.abc import Iterable, Iterator

from convoy.mesh.facts import Facts
from convoy.mesh.gateway_http import build_gateway_http
from convoy.mesh.gateway_servers import ServerKind, open_ports
from convoy.mesh.http_routes import Caller, build_sidecar_http
from convoy.mesh.model import (
    GatewayHttp,
    GatewayView,
    PortRoutes,
    SidecarView,
    Upstream,
    UpstreamKey,
    ViewKey,
)
from convoy.mesh.passthrough import build_passthrough
from convoy.mesh.pods import PodFacts
from convoy.mesh.services import Registered
from convoy.mesh.tcp_routes import build_tcp_routes
from convoy.mesh.upstreams import PlannedUpstream, UpstreamPlanner

Planned = tuple[PlannedUpstream, ...]


def build_sidecar_view(facts: Facts, key: ViewKey, planner: UpstreamPlanner) -> tuple[SidecarView, Planned]:
    """The view of the sidecars with this key: it has every visible service, used by a route or not."""
    caller = Caller(key.namespace, key.labels)
    planned = [
        upstream
        for registered in facts.registry.visible(key.namespace).values()
        for upstream in planner.plan(registered, client=key.namespace, network=key.network)
    ]
    tcp, sniffed = build_tcp_routes(facts, caller)
    view = SidecarView(
        key=key,
        upstreams=_sorted_upstreams(planned),
        http=build_sidecar_http(facts, caller),
        tcp=tcp,
        sniffed=sniffed,
        allows_any=facts.settings.allows_any,
        detection_ms=facts.settings.protocol_detection_timeout_ms,
    )
    return view, tuple(planned)


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
    ports = open_ports(pod, services, facts.gateways)
    http = tuple(
        build_gateway_http(facts, key, listen_port=port, servers=servers)
        for port, servers in ports.of_kind(ServerKind.HTTP)
    )
    passing = [
        build_passthrough(facts, key, planner, listen_port=port, servers=servers)
        for port, servers in ports.of_kind(ServerKind.PASSTHROUGH)
    ]
    planned = dict.fromkeys(_named_upstreams(facts, key, planner, http))
    planned.update(dict.fromkeys(upstream for _, upstreams in passing for upstream in upstreams))
    view = GatewayView(
        key=key,
        upstreams=_sorted_upstreams(planned),
        http=http,
        passthrough=tuple(passthrough for passthrough, _ in passing if passthrough.routes),
    )
    return view, tuple(planned)


def routed_keys(ports: Iterable[PortRoutes]) -> Iterator[UpstreamKey]:
    """Every upstream that some rule names."""
    for port in ports:
        for host in port.hosts:
            for rule in host.rules:
                yield from (destination.key for destination in rule.destinations)
                yield from (mirror.key for mirror in rule.mirrors)


def _named_upstreams(
    facts: Facts, key: ViewKey, planner: UpstreamPlanner, http: Iterable[GatewayHttp]
) -> Iterator[PlannedUpstream]:
    named = set(routed_keys(port.routes for port in http))
    visible = facts.registry.visible(key.namespace)
    for host in sorted({upstream.hostname for upstream in named} & visible.keys()):
        plans = planner.plan(visible[host], client=key.namespace, network=key.network, at_gateway=True)
        yield from (planned for planned in plans if planned.upstream.key in named)


def _sorted_upstreams(planned: Iterable[PlannedUpstream]) -> tuple[Upstream, ...]:
    upstreams = {one.upstream.key: one.upstream for one in planned}
    return tuple(sorted(upstreams.values(), key=lambda upstream: upstream_order(upstream.key)))


def upstream_order(key: UpstreamKey) -> tuple[str, int, str, bool]:
    """The settled order of upstreams."""
    return (key.hostname, key.port, key.subset, key.is_passthrough)
