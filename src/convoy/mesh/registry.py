"""The registry of a cluster, put together from Kubernetes Services and ServiceEntries."""

from collections.abc import Iterable

from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.kube import core
from convoy.mesh.external_names import build_aliases, build_outside_services, is_external_name
from convoy.mesh.kube_services import build_kube_service
from convoy.mesh.service_entries import build_entry_services, split_addresses
from convoy.mesh.services import Registered, Registry


def build_registry(
    services: Iterable[core.Service],
    entries: Iterable[ServiceEntry],
    *,
    domain: str,
    export_to: tuple[str, ...] = (),
) -> Registry:
    """The registry of a cluster; both inputs oldest first. `export_to` holds for what says nothing."""
    listed, written = tuple(services), tuple(entries)
    own = [
        build_kube_service(service, domain, export_to=export_to)
        for service in listed
        if not is_external_name(service)
    ]
    hosts = {host.lower() for entry in written for host in entry.spec.hosts}
    known = hosts | {registered.service.hostname for registered in own}
    external = tuple(filter(is_external_name, listed))
    aliases = build_aliases(external, known, domain=domain, export_to=export_to)
    named = {(alias.namespace, alias.name) for alias in aliases}
    outside = build_outside_services(
        [one for one in external if (one.metadata.namespace, one.metadata.name) not in named],
        taken=[*_vips(own), *_single_addresses(written)],
        domain=domain,
        export_to=export_to,
    )
    first = [*own, *outside]
    listed_entries = build_entry_services(written, taken=_vips(first), export_to=export_to)
    return Registry([*first, *listed_entries], aliases, domain=domain)


def _vips(services: Iterable[Registered]) -> list[str]:
    return [vip for registered in services for vip in registered.service.vips]


def _single_addresses(entries: Iterable[ServiceEntry]) -> tuple[str, ...]:
    return split_addresses(address for entry in entries for address in entry.spec.addresses)[0]
