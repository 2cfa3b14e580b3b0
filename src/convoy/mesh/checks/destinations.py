"""Destinations of VirtualServices that are not what they say."""

from collections.abc import Iterable, Iterator

import msgspec

from convoy.api import codes
from convoy.api.istio.common import Destination
from convoy.api.istio.virtual_service import VirtualServiceSpec
from convoy.api.kinds import key_of
from convoy.api.meta import Namespace, ObjectKey
from convoy.api.paths import quote
from convoy.api.problems import Problem
from convoy.mesh.checks.finding import host_hint, listed, named
from convoy.mesh.delegates import Key, delegate_key
from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.facts import Facts, Terms
from convoy.mesh.services import Registered
from convoy.mesh.short_names import expand_host
from convoy.mesh.virtual_services import PreparedVirtualService
from convoy.mesh.visibility import Visibility


def check_destinations(
    service: PreparedVirtualService, terms: Terms, rules: DestinationRules
) -> Iterator[Problem]:
    """Unknown hosts, ports and subsets in the rules and mirrors of a VirtualService."""
    for path, destination in _destinations(service.written.spec):
        use = _Use(service.key, service.namespace, service.visibility, path, destination)
        yield from _check_destination(use, terms, rules)


def check_delegated_destinations(facts: Facts) -> Iterator[Problem]:
    """The same in the rules of delegates, which count for those who see a VirtualService that names them."""
    roots: dict[Key, PreparedVirtualService] = {}
    for service in facts.routing.delegating:
        for rule in service.written.spec.http:
            delegate = delegate_key(rule, service.namespace)
            if delegate:
                roots.setdefault(delegate, service)
    for (namespace, name), root in roots.items():
        found = facts.routing.delegates.get((namespace, name))
        if found:
            for path, destination in _destinations(found.written.spec):
                use = _Use(key_of(found.written), namespace, root.visibility, path, destination)
                yield from _check_destination(use, facts.terms, facts.rules)


class _Use(msgspec.Struct, frozen=True):
    """A destination where it is written; `path` is the field. `visibility`: whose requests go there."""

    key: ObjectKey
    namespace: str
    visibility: Visibility
    path: str
    destination: Destination


def _destinations(spec: VirtualServiceSpec) -> Iterator[tuple[str, Destination]]:
    for i, rule in enumerate(spec.http):
        for j, choice in enumerate(rule.route):
            yield f"spec.http[{i}].route[{j}].destination", choice.destination
        if rule.mirror:
            yield f"spec.http[{i}].mirror", rule.mirror
        for j, mirror in enumerate(rule.mirrors):
            yield f"spec.http[{i}].mirrors[{j}].destination", mirror.destination
    for i, tls in enumerate(spec.tls):
        for j, one in enumerate(tls.route):
            yield f"spec.tls[{i}].route[{j}].destination", one.destination
    for i, tcp in enumerate(spec.tcp):
        for j, one in enumerate(tcp.route):
            yield f"spec.tcp[{i}].route[{j}].destination", one.destination


def _check_destination(use: _Use, facts: Terms, rules: DestinationRules) -> Iterator[Problem]:
    destination = use.destination
    host = expand_host(destination.host, use.namespace, facts.settings.cluster_domain)
    callers = sorted(client for client in facts.client_namespaces if use.visibility.allows(client))
    namespaces = callers or [Namespace(use.namespace)]
    registered = facts.registry.find(host)
    if registered is None or not any(registered.visibility.allows(client) for client in namespaces):
        yield Problem(
            code=codes.UNKNOWN_DESTINATION,
            key=use.key,
            field=f"{use.path}.host",
            message=f"{quote(host)} is no known service.",
            remedy=host_hint(host, facts.registry.by_host, domain=facts.settings.cluster_domain),
        )
        return
    yield from _check_port(use, registered)
    if destination.subset:
        yield from _check_subset(use, registered, rules, clients=namespaces)


def _check_port(use: _Use, registered: Registered) -> Iterator[Problem]:
    destination = use.destination
    numbers = [port.number for port in registered.service.ports]
    if destination.port and destination.port.number not in numbers:
        yield Problem(
            code=codes.UNKNOWN_PORT,
            key=use.key,
            field=f"{use.path}.port.number",
            message=f"{destination.port.number} is not a port of {named(registered.source)},"
            f" which has {listed(numbers)}.",
            remedy="Use the Service's port, not the pod's.",
        )
    if destination.port is None and len(numbers) > 1:
        yield Problem(
            code=codes.PORT_NEEDED,
            key=use.key,
            field=use.path,
            message=f"{named(registered.source)} has the ports {listed(numbers)}, and none is chosen:"
            " requests go to the port at which they arrived.",
            remedy="Add port.number.",
        )


def _check_subset(
    use: _Use, registered: Registered, rules: DestinationRules, *, clients: Iterable[str]
) -> Iterator[Problem]:
    host, wanted = registered.service.hostname, use.destination.subset
    for client in clients:
        rule = rules.find(host, client=client, service=registered.service.namespace)
        if (rule and rule.subset(wanted)) or rules.has_selective_subset(host, wanted, client=client):
            continue
        subset = quote(wanted)
        if rule is None:
            message = f"{subset} is not a subset of {quote(host)}, which has no DestinationRule."
            remedy = f"Write a DestinationRule for it that defines {wanted}."
        else:
            writers = " and ".join(named(source) for source in rule.sources)
            names = [one.name for one in rule.subsets]
            message = f"{subset} is not a subset of {writers}, which has {listed(names)}."
            choice = "Use one of those, or add" if names else "Add"
            remedy = f"{choice} {wanted} to the DestinationRule."
        yield Problem(
            code=codes.UNKNOWN_SUBSET,
            key=use.key,
            field=f"{use.path}.subset",
            message=message,
            remedy=remedy,
        )
