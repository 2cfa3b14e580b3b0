"""The way in from other clusters: TLS passed on by its SNI, unopened, to the pods of one service, port and
subset.

Every SNI is listed, so a gateway is no open proxy. A Kubernetes Service answers to its own name and to its
`.global` name, as far as the server's hosts admit them; subsets are those of this cluster's DestinationRule.
A ServiceEntry for a `.global` host is served only where no local Service has that name: the local one is what
other clusters mean.
"""

from collections.abc import Iterator

from convoy.mesh.cluster_local import is_cluster_local
from convoy.mesh.domains import stands_in_for
from convoy.mesh.facts import Facts
from convoy.mesh.gateway_servers import OpenServer, Place
from convoy.mesh.hosts import is_wildcard
from convoy.mesh.model import GatewayPassthrough, PassthroughRoute, ViewKey
from convoy.mesh.services import Registered
from convoy.mesh.short_names import global_hostname, split_global
from convoy.mesh.upstream_tls import sni_of
from convoy.mesh.upstreams import PlannedUpstream, UpstreamPlanner


def build_passthrough(
    facts: Facts,
    key: ViewKey,
    planner: UpstreamPlanner,
    *,
    place: Place,
    servers: tuple[OpenServer, ...],
) -> tuple[GatewayPassthrough, tuple[PlannedUpstream, ...]]:
    """The routes of one port, and the upstreams they lead to."""
    routes: list[PassthroughRoute] = []
    upstreams: list[PlannedUpstream] = []
    taken: set[str] = set()
    for registered in facts.registry.visible(key.namespace).values():
        names = tuple(admitted_names(registered, facts, servers))
        if not names:
            continue
        for planned in planner.plan_passthrough(registered, client=key.namespace, network=key.network):
            target = planned.upstream.key
            listed = (sni_of(name, port=target.port, subset=target.subset) for name in names)
            # Envoy compares SNI without regard to case, and refuses a listener that lists a name twice.
            free = tuple(name for name in listed if name.lower() not in taken)
            taken.update(name.lower() for name in free)
            if free:
                routes.append(PassthroughRoute(free, target))
                upstreams.append(planned)
    return GatewayPassthrough(place.port, tuple(sorted(routes, key=_order)), place.bind), tuple(upstreams)


def admitted_names(registered: Registered, facts: Facts, servers: tuple[OpenServer, ...]) -> Iterator[str]:
    """The names by which other clusters may call a service here, its own name first. A wildcard host has no
    name that an SNI could say: Envoy would refuse the listener.
    """
    service = registered.service
    if (
        service.is_external
        or is_wildcard(service.hostname)
        or is_cluster_local(service.hostname, facts.settings)
    ):
        return
    names = [str(service.hostname)]
    if service.is_kubernetes:
        names.append(global_hostname(registered.name, service.namespace))
    elif split_global(service.hostname) and not stands_in_for(
        service, facts.registry, domain=facts.settings.cluster_domain
    ):
        return
    filters = [admitted for server in servers for admitted in server.hosts]
    yield from (name for name in names if any(one.admits(name, service.namespace) for one in filters))


def _order(route: PassthroughRoute) -> tuple[str, int, str]:
    return (route.key.hostname, route.key.port, route.key.subset)
