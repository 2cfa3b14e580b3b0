"""Services that claim what another one has, and parts of services that lead nowhere."""

from collections.abc import Iterator

from convoy.api import codes
from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.kinds import key_of
from convoy.api.kube import core
from convoy.api.meta import Hostname
from convoy.api.paths import quote
from convoy.api.problems import Problem
from convoy.config.view import ConfigView
from convoy.mesh.checks.finding import named
from convoy.mesh.external_names import is_external_name
from convoy.mesh.facts import Ground
from convoy.mesh.model import ANY_ADDRESS, Protocol, ServicePort
from convoy.mesh.protocols import speaks_first
from convoy.mesh.services import Registered
from convoy.mesh.short_names import kube_hostname
from convoy.mesh.tcp_routes import connection_places


def check_registry(view: ConfigView, facts: Ground) -> Iterator[Problem]:
    """Services, entries, their addresses and ports, whatever pods there are."""
    yield from _check_external_names(view, facts)
    for entry in view.all(ServiceEntry):
        yield from _check_hosts(entry, facts)
    yield from _check_addresses(facts)
    yield from _check_any_address(facts)


def _check_external_names(view: ConfigView, facts: Ground) -> Iterator[Problem]:
    for service in view.all(core.Service):
        host = kube_hostname(service.metadata.name, service.metadata.namespace, facts.settings.cluster_domain)
        if is_external_name(service) and facts.registry.find(host) is None:
            yield Problem(
                code=codes.EXTERNAL_NAME,
                key=key_of(service),
                field="spec.type",
                message=f"{quote(service.spec.external_name)} is no service of the mesh, and no port says"
                " what is spoken there: pods resolve it by DNS, and the mesh has no policy for it.",
                remedy="Add ports, or a ServiceEntry for the external name.",
            )


def _check_hosts(entry: ServiceEntry, facts: Ground) -> Iterator[Problem]:
    for index, host in enumerate(entry.spec.hosts):
        registered = facts.registry.hiding(Hostname(host.lower()), entry)
        if registered:
            yield Problem(
                code=codes.DUPLICATE_SERVICE,
                key=key_of(entry),
                field=f"spec.hosts[{index}]",
                message=f"{quote(host)} is {named(registered.source)} already; this entry is ignored for it.",
                remedy="Remove one of them, or give it another host.",
            )


def _check_addresses(facts: Ground) -> Iterator[Problem]:
    owner: dict[str, Registered] = {}
    for registered in facts.registry:
        for address in registered.service.vips:
            first = owner.setdefault(address, registered)
            if first.source != registered.source and first.meets(registered):
                yield Problem(
                    code=codes.DUPLICATE_ADDRESS,
                    key=registered.source,
                    field="spec.addresses" if registered.entries else "spec.clusterIP",
                    message=f"{quote(address)} is the address of {named(first.source)}, too.",
                    remedy="Choose another address, or none to get one automatically.",
                )


def _check_any_address(facts: Ground) -> Iterator[Problem]:
    # HTTP and TLS say whom they mean; of bytes all go to one service.
    first: dict[int, Registered] = {
        port.number: registered
        for registered in reversed(tuple(facts.registry))
        for port in registered.service.ports
        if port.protocol.is_http and speaks_first(port.number)
    }
    for registered in facts.registry:
        for port in registered.service.ports:
            if not _takes_every_address(registered, port, facts):
                continue
            other = first.setdefault(port.number, registered)
            if other.source != registered.source and other.meets(registered):
                yield Problem(
                    code=codes.PORT_TAKEN,
                    key=registered.source,
                    field="spec.ports",
                    message=f"Port {port.number} of a service without an address is told from no other:"
                    f" connections go to {named(other.source)}.",
                    remedy="Give the service an address, or declare the port as HTTP.",
                )


def _takes_every_address(registered: Registered, port: ServicePort, facts: Ground) -> bool:
    if port.protocol.is_http or port.protocol is Protocol.TLS:
        return False
    places = connection_places(registered, port, facts)
    return any(place.address == ANY_ADDRESS and not place.subnets for place in places)
