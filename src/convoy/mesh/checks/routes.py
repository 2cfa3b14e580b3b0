"""VirtualServices whose hosts, destinations or gateways are not what they say."""

from collections.abc import Iterable, Iterator

import msgspec

from convoy.api import codes
from convoy.api.istio.common import Destination
from convoy.api.istio.virtual_service import HttpMatchRequest, HttpRoute
from convoy.api.meta import Namespace
from convoy.api.paths import quote
from convoy.api.problems import Problem
from convoy.mesh.checks.finding import did_you_mean, host_hint, listed, named
from convoy.mesh.facts import Facts
from convoy.mesh.gateway_names import MESH
from convoy.mesh.hosts import covers, is_wildcard
from convoy.mesh.http_matches import build_match
from convoy.mesh.model import Protocol, RouteMatch
from convoy.mesh.services import Registered
from convoy.mesh.short_names import expand_host
from convoy.mesh.virtual_services import PreparedVirtualService


def check_routes(facts: Facts) -> Iterator[Problem]:
    """Every VirtualService by itself, then those that claim the same host."""
    clients = _client_namespaces(facts)
    for service in facts.routing:
        yield from _check_hosts(service, facts)
        yield from _check_default(service)
        for use in _destinations(service):
            yield from _check_destination(use, facts, clients)
    yield from _check_conflicts(facts)


def _client_namespaces(facts: Facts) -> frozenset[Namespace]:
    return frozenset(pod.namespace for pod in facts.pods if pod.has_sidecar or pod.is_gateway)


class _Use(msgspec.Struct, frozen=True):
    """A destination where it is written; `path` is the field."""

    service: PreparedVirtualService
    path: str
    destination: Destination


def _destinations(service: PreparedVirtualService) -> Iterator[_Use]:
    for i, rule in enumerate(service.written.spec.http):
        for j, choice in enumerate(rule.route):
            yield _Use(service, f"spec.http[{i}].route[{j}].destination", choice.destination)


def _check_destination(use: _Use, facts: Facts, clients: frozenset[Namespace]) -> Iterator[Problem]:
    service, destination = use.service, use.destination
    host = expand_host(destination.host, service.namespace, facts.settings.cluster_domain)
    callers = sorted(client for client in clients if service.visibility.allows(client))
    namespaces = callers or [service.namespace]
    registered = facts.registry.by_host.get(host)
    if registered is None or not any(registered.visibility.allows(client) for client in namespaces):
        yield Problem(
            code=codes.UNKNOWN_DESTINATION,
            key=service.key,
            field=f"{use.path}.host",
            message=f"{quote(host)} is no known service.",
            remedy=host_hint(host, facts.registry.by_host, domain=facts.settings.cluster_domain),
        )
        return
    yield from _check_port(use, registered)
    if destination.subset:
        yield from _check_subset(use, registered, facts, clients=namespaces)


def _check_port(use: _Use, registered: Registered) -> Iterator[Problem]:
    destination = use.destination
    numbers = [port.number for port in registered.service.ports]
    if destination.port and destination.port.number not in numbers:
        yield Problem(
            code=codes.UNKNOWN_PORT,
            key=use.service.key,
            field=f"{use.path}.port.number",
            message=f"{destination.port.number} is not a port of {named(registered.source)},"
            f" which has {listed(numbers)}.",
            remedy="Use the Service's port, not the pod's.",
        )
    if destination.port is None and len(numbers) > 1:
        yield Problem(
            code=codes.PORT_NEEDED,
            key=use.service.key,
            field=use.path,
            message=f"{named(registered.source)} has the ports {listed(numbers)}, and none is chosen:"
            " requests go to the port at which they arrived.",
            remedy="Add port.number.",
        )


def _check_subset(
    use: _Use, registered: Registered, facts: Facts, *, clients: Iterable[str]
) -> Iterator[Problem]:
    host, wanted = registered.service.hostname, use.destination.subset
    for client in clients:
        rule = facts.rules.find(host, client=client, service=registered.service.namespace)
        if rule and rule.subset(wanted):
            continue
        subset = quote(wanted)
        if rule is None:
            message = f"{subset} is not a subset of {quote(host)}, which has no DestinationRule."
            remedy = f"Write a DestinationRule for it that defines {wanted}."
        else:
            rules = " and ".join(named(source) for source in rule.sources)
            names = [one.name for one in rule.subsets]
            message = f"{subset} is not a subset of {rules}, which has {listed(names)}."
            choice = "Use one of those, or add" if names else "Add"
            remedy = f"{choice} {wanted} to the DestinationRule."
        yield Problem(
            code=codes.UNKNOWN_SUBSET,
            key=use.service.key,
            field=f"{use.path}.subset",
            message=message,
            remedy=remedy,
        )


def _check_hosts(service: PreparedVirtualService, facts: Facts) -> Iterator[Problem]:
    if MESH not in service.gateways:
        return
    known = facts.registry.by_host
    for index, host in enumerate(service.hosts):
        matching = [known[one] for one in known if covers(host, one)] if is_wildcard(host) else []
        if host in known:
            matching = [known[host]]
        speaks_http = any(
            port.protocol.is_http or port.protocol is Protocol.AUTO
            for registered in matching
            for port in registered.service.ports
        )
        if not matching:
            yield Problem(
                code=codes.UNKNOWN_ROUTED_HOST,
                key=service.key,
                field=f"spec.hosts[{index}]",
                message=f"{quote(host)} is no known service: the rules count for requests to port 80 only.",
                remedy=host_hint(host, known, domain=facts.settings.cluster_domain),
            )
        elif service.written.spec.http and not speaks_http:
            yield Problem(
                code=codes.NOT_HTTP,
                key=service.key,
                field=f"spec.hosts[{index}]",
                message=f"No port of {quote(host)} is declared as HTTP, so the HTTP rules have no effect.",
                remedy="Name the port http, or set its appProtocol.",
            )


def _check_default(service: PreparedVirtualService) -> Iterator[Problem]:
    rules = service.written.spec.http
    # At a gateway it is usual to list the paths that are served; inside the mesh it is usually forgotten.
    if not rules or MESH not in service.gateways or any(_takes_everything(rule) for rule in rules):
        return
    yield Problem(
        code=codes.NO_DEFAULT_RULE,
        key=service.key,
        field="spec.http",
        message="Every rule has a match; requests that meet none of them are answered with 404.",
        remedy="Add a last rule without match.",
    )


def _takes_everything(rule: HttpRoute) -> bool:
    return not rule.match or any(_matches_everything(match) for match in rule.match)


def _matches_everything(match: HttpMatchRequest) -> bool:
    # Conditions on the source are somebody's choice of callers; others keep the service's own route.
    return build_match(match) == RouteMatch()


def _check_conflicts(facts: Facts) -> Iterator[Problem]:
    first: dict[str, list[PreparedVirtualService]] = {}
    for service in facts.routing:
        if MESH not in service.gateways:
            continue
        for index, host in enumerate(service.hosts):
            older = next(
                (one for one in first.get(host, ()) if one.visibility.overlaps(service.visibility)), None
            )
            first.setdefault(host, []).append(service)
            if older:
                yield Problem(
                    code=codes.CONFLICTING_ROUTES,
                    key=service.key,
                    field=f"spec.hosts[{index}]",
                    message=f"{quote(host)} has {named(older.key)} already, which is older: these rules are"
                    " ignored in sidecars.",
                    remedy="Put the rules for one host into one VirtualService.",
                )


def check_bindings(facts: Facts) -> Iterator[Problem]:
    """Gateways that VirtualServices name and that do not exist."""
    known = {f"{gateway.metadata.namespace}/{gateway.metadata.name}" for gateway in facts.gateways}
    for service in facts.routing:
        for gateway in service.gateways:
            if gateway != MESH and gateway not in known:
                yield Problem(
                    code=codes.UNKNOWN_GATEWAY,
                    key=service.key,
                    field="spec.gateways",
                    message=f"Gateway {quote(gateway)} does not exist.",
                    remedy=did_you_mean(gateway, known) or f"There is {listed(sorted(known))}.",
                )
