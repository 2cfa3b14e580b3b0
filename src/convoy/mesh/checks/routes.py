"""VirtualServices whose hosts, destinations or gateways are not what they say."""

from collections.abc import Iterator

from convoy.api import codes
from convoy.api.paths import quote
from convoy.api.problems import Problem
from convoy.mesh.checks.finding import did_you_mean, host_hint, listed, named
from convoy.mesh.facts import Facts, Terms
from convoy.mesh.gateway_names import MESH
from convoy.mesh.hosts import covers, is_wildcard
from convoy.mesh.model import Protocol, RouteMatch
from convoy.mesh.services import Registered
from convoy.mesh.virtual_services import PreparedVirtualService


def check_route(service: PreparedVirtualService, terms: Terms) -> Iterator[Problem]:
    """A VirtualService by itself."""
    yield from _check_hosts(service, terms)
    yield from _check_default(service)


def _covering(facts: Terms, host: str) -> list[Registered]:
    return [one for one in facts.registry.wildcards if covers(one.service.hostname, host)]


def _check_hosts(service: PreparedVirtualService, facts: Terms) -> Iterator[Problem]:
    if MESH not in service.gateways:
        return
    known = facts.registry.by_host
    for index, host in enumerate(service.hosts):
        if is_wildcard(host):
            matching = [known[one] for one in known if covers(host, one)]
        else:
            # A name may be known by a wildcard host alone.
            matching = [known[host]] if host in known else _covering(facts, host)
        speaks_http = any(
            port.protocol.is_http or port.protocol is Protocol.AUTO
            for registered in matching
            for port in registered.service.ports
        )
        if not matching and not _is_asked_for_at_gateways(host, service, facts):
            yield Problem(
                code=codes.UNKNOWN_ROUTED_HOST,
                key=service.key,
                field=f"spec.hosts[{index}]",
                message=f"{quote(host)} is no known service: the rules count for requests to port 80 only.",
                remedy=host_hint(host, known, domain=facts.settings.cluster_domain),
            )
        elif matching and service.written.spec.http and not speaks_http:
            yield Problem(
                code=codes.NOT_HTTP,
                key=service.key,
                field=f"spec.hosts[{index}]",
                message=f"No port of {quote(host)} is declared as HTTP, so the HTTP rules have no effect.",
                remedy="Name the port http, or set its appProtocol.",
            )


def _is_asked_for_at_gateways(host: str, service: PreparedVirtualService, facts: Terms) -> bool:
    """Whether a name that no service has is meant for callers from outside: it need not be known inside."""
    is_bound = service.gateways != (MESH,)
    return is_bound and not host.endswith(f".{facts.settings.cluster_domain}")


def _check_default(service: PreparedVirtualService) -> Iterator[Problem]:
    # At a gateway it is usual to list the paths that are served; inside the mesh it is usually forgotten.
    # Conditions on the source are somebody's choice of callers; others keep the service's own route.
    takes_everything = any(rule.match == RouteMatch() for rule in service.rules)
    if not service.written.spec.http or MESH not in service.gateways or takes_everything:
        return
    yield Problem(
        code=codes.NO_DEFAULT_RULE,
        key=service.key,
        field="spec.http",
        message="Every rule has a match; requests that meet none of them are answered with 404.",
        remedy="Add a last rule without match.",
    )


def check_conflicts(facts: Facts) -> Iterator[Problem]:
    """VirtualServices that claim the same host."""
    first: dict[str, list[PreparedVirtualService]] = {}
    for service in facts.routing:
        # Rules for connections add up.
        if MESH not in service.gateways or not service.written.spec.http:
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
