"""ServiceEntries as services of the mesh: one for each host, or less.

Entries of one namespace that give the same host to the same viewers with the same resolution make one service
together: its ports and addresses are those of all, its endpoints too; of two ports with the same number the
older entry's counts. An entry that differs in one of these stands for itself, and the registry decides.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from convoy.api.istio import service_entry as istio
from convoy.api.kinds import key_of
from convoy.api.meta import Hostname, Namespace
from convoy.mesh.hosts import is_wildcard
from convoy.mesh.model import Resolution, Service, ServicePort
from convoy.mesh.protocols import entry_protocol
from convoy.mesh.services import Registered
from convoy.mesh.vips import assign_vips
from convoy.mesh.visibility import Visibility, resolve_export_to

_NO_AUTOMATIC_VIP = "networking.istio.io/enable-autoallocate-ip"

_RESOLUTIONS = {
    istio.Resolution.NONE: Resolution.ORIGINAL_DST,
    istio.Resolution.STATIC: Resolution.ENDPOINTS,
    istio.Resolution.DNS: Resolution.DNS,
    istio.Resolution.DNS_ROUND_ROBIN: Resolution.LOGICAL_DNS,
    istio.Resolution.DYNAMIC_DNS: Resolution.DYNAMIC_DNS,
}


class _Identity(NamedTuple):
    """What entries must have in common to make one service."""

    host: Hostname
    namespace: Namespace
    visibility: Visibility
    resolution: istio.Resolution


def build_entry_services(
    entries: Iterable[istio.ServiceEntry], *, taken: Iterable[str], export_to: tuple[str, ...] = ()
) -> Iterator[Registered]:
    """The services of all entries, oldest first; addresses in `taken` are not given automatically.
    `export_to` holds for those that say nothing.
    """
    listed = tuple(entries)
    vips = _automatic_vips(listed, taken=taken)
    groups: dict[_Identity, list[istio.ServiceEntry]] = {}
    for entry in listed:
        namespace = Namespace(entry.metadata.namespace)
        visibility = resolve_export_to(entry.spec.export_to or export_to, namespace)
        for host in dict.fromkeys(host.lower() for host in entry.spec.hosts):
            identity = _Identity(Hostname(host), namespace, visibility, entry.spec.resolution)
            groups.setdefault(identity, []).append(entry)
    return (_registered(identity, tuple(group), vips) for identity, group in groups.items())


def _registered(
    identity: _Identity, entries: tuple[istio.ServiceEntry, ...], automatic: Mapping[str, str]
) -> Registered:
    vips, subnets = split_addresses(address for entry in entries for address in entry.spec.addresses)
    if not vips and not subnets and identity.host in automatic:
        vips = (automatic[identity.host],)
    return Registered(
        service=Service(
            hostname=identity.host,
            namespace=identity.namespace,
            ports=_ports(entries),
            vips=vips,
            resolution=_RESOLUTIONS[identity.resolution],
            is_external=entries[0].spec.location is istio.Location.MESH_EXTERNAL,
            is_kubernetes=False,
            subject_alt_names=tuple(
                sorted({name for entry in entries for name in entry.spec.subject_alt_names})
            ),
            subnets=subnets,
        ),
        visibility=identity.visibility,
        source=key_of(entries[0]),
        entries=entries,
    )


def _ports(entries: Iterable[istio.ServiceEntry]) -> tuple[ServicePort, ...]:
    ports: dict[int, ServicePort] = {}
    for entry in entries:
        for port in entry.spec.ports:
            if port.protocol.upper() != "UDP":
                protocol = entry_protocol(port.protocol, number=port.number)
                target = port.target_port or port.number
                ports.setdefault(port.number, ServicePort(port.number, port.name, protocol, target))
    return tuple(ports.values())


def split_addresses(addresses: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a ServiceEntry lists, as single addresses and networks of more than one."""
    networks = [ipaddress.ip_network(address, strict=False) for address in addresses]
    single = (str(network.network_address) for network in networks if network.num_addresses == 1)
    return (
        tuple(dict.fromkeys(single)),
        tuple(dict.fromkeys(str(network) for network in networks if network.num_addresses > 1)),
    )


def _automatic_vips(entries: Iterable[istio.ServiceEntry], *, taken: Iterable[str]) -> Mapping[str, str]:
    listed = tuple(entries)
    written = (address for entry in listed for address in split_addresses(entry.spec.addresses)[0])
    hosts = (
        host.lower()
        for entry in listed
        if _wants_vip(entry)
        for host in entry.spec.hosts
        if not is_wildcard(host)
    )
    return assign_vips(hosts, taken=(*taken, *written))


def _wants_vip(entry: istio.ServiceEntry) -> bool:
    # Without resolution connections go where they were dialled, and nobody is at such an address. A wildcard
    # host is no name that DNS could answer with one service's address.
    return (
        not entry.spec.addresses
        and entry.spec.resolution is not istio.Resolution.NONE
        and entry.metadata.labels.get(_NO_AUTOMATIC_VIP, "").lower() != "false"
    )
