"""The registry: every service the cluster knows, from Kubernetes Services and ServiceEntries.

One service per host name. A Kubernetes Service wins over a ServiceEntry for the same host, an older
ServiceEntry over a younger one; what loses is left out and told by `checks`. Order in the registry is
precedence, too: where two services claim the same address or spelling, the earlier one gets it.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from convoy.api.istio import service_entry as istio
from convoy.api.kinds import key_of
from convoy.api.kube import core
from convoy.api.meta import Hostname, Namespace, ObjectKey
from convoy.mesh.hosts import is_wildcard
from convoy.mesh.model import Resolution, Service, ServicePort
from convoy.mesh.protocols import entry_protocol, kube_protocol
from convoy.mesh.short_names import kube_hostname
from convoy.mesh.vips import assign_vips
from convoy.mesh.visibility import Visibility, resolve_export_to

EXPORT_TO = "networking.istio.io/exportTo"

_RESOLUTIONS = {
    istio.Resolution.STATIC: Resolution.ENDPOINTS,
    istio.Resolution.DNS: Resolution.DNS,
    istio.Resolution.DNS_ROUND_ROBIN: Resolution.DNS,
}


class Registered(msgspec.Struct, frozen=True, eq=False):
    """A service, who sees it, and the object it comes from: exactly one of `kube` and `entry` is set."""

    service: Service
    visibility: Visibility
    source: ObjectKey
    kube: core.Service | None = None
    entry: istio.ServiceEntry | None = None

    @property
    def is_headless(self) -> bool:
        """Its name stands for the addresses of its pods."""
        return self.service.resolution is Resolution.ORIGINAL_DST and not self.service.vips

    @property
    def name(self) -> str:
        """The first label of a Kubernetes Service's host."""
        return self.service.hostname.partition(".")[0]


class Registry:
    """All services in order of precedence; immutable once made."""

    def __init__(self, services: Iterable[Registered]) -> None:
        self.by_host: Mapping[Hostname, Registered] = {}
        by_host: dict[Hostname, Registered] = {}
        for registered in services:
            by_host.setdefault(registered.service.hostname, registered)
        self.by_host = by_host
        self._visible: dict[str, Mapping[Hostname, Registered]] = {}

    def __iter__(self) -> Iterator[Registered]:
        return iter(self.by_host.values())

    def visible(self, namespace: str) -> Mapping[Hostname, Registered]:
        """The services that proxies of a namespace see, in order of precedence."""
        if namespace not in self._visible:
            self._visible[namespace] = {
                host: registered
                for host, registered in self.by_host.items()
                if registered.visibility.allows(namespace)
            }
        return self._visible[namespace]

    def has_local(self, name: str, namespace: str, domain: str) -> bool:
        """Whether this cluster itself has a service of that name, so that no `.global` name stands in for
        it.
        """
        return kube_hostname(name, namespace, domain) in self.by_host


def build_registry(
    services: Iterable[core.Service], entries: Iterable[istio.ServiceEntry], *, domain: str
) -> Registry:
    """The registry of a cluster; both inputs oldest first."""
    own = [_kube_service(service, domain) for service in services if service.spec.type != "ExternalName"]
    listed = tuple(entries)
    vips = _automatic_vips(listed, taken=(vip for registered in own for vip in registered.service.vips))
    return Registry([*own, *(made for entry in listed for made in _entry_services(entry, vips))])


def _kube_service(service: core.Service, domain: str) -> Registered:
    namespace = Namespace(service.metadata.namespace)
    is_headless = service.spec.cluster_ip == "None"
    # Who answers for a Service without a selector (`kubernetes` is one) its cluster knows, not its pods.
    is_left_to_cluster = is_headless or not service.spec.selector
    exports = [part.strip() for part in service.metadata.annotations.get(EXPORT_TO, "").split(",")]
    return Registered(
        service=Service(
            hostname=kube_hostname(service.metadata.name, namespace, domain),
            namespace=namespace,
            ports=tuple(_kube_port(port) for port in service.spec.ports if port.protocol != "UDP"),
            vips=() if is_headless else cluster_ips(service),
            resolution=Resolution.ORIGINAL_DST if is_left_to_cluster else Resolution.ENDPOINTS,
            is_external=False,
            is_kubernetes=True,
        ),
        visibility=resolve_export_to(filter(None, exports), namespace),
        source=key_of(service),
        kube=service,
    )


def _kube_port(port: core.ServicePort) -> ServicePort:
    protocol = kube_protocol(app_protocol=port.app_protocol, name=port.name, number=port.port)
    return ServicePort(port.port, port.name, protocol, port.target_port or port.port)


def cluster_ips(service: core.Service) -> tuple[str, ...]:
    """The virtual addresses of a Kubernetes Service."""
    addresses = service.spec.cluster_ips or [service.spec.cluster_ip]
    return tuple(dict.fromkeys(address for address in addresses if address and address != "None"))


def _entry_services(entry: istio.ServiceEntry, vips: Mapping[str, str]) -> Iterator[Registered]:
    spec = entry.spec
    if spec.resolution not in _RESOLUTIONS:
        return
    namespace = Namespace(entry.metadata.namespace)
    ports = tuple(
        ServicePort(port.number, port.name, entry_protocol(port.protocol), port.target_port or port.number)
        for port in spec.ports
        if port.protocol.upper() != "UDP"
    )
    for host in dict.fromkeys(host.lower() for host in spec.hosts):
        automatic = (vips[host],) if host in vips else ()
        yield Registered(
            service=Service(
                hostname=Hostname(host),
                namespace=namespace,
                ports=ports,
                vips=single_addresses(spec.addresses) if spec.addresses else automatic,
                resolution=_RESOLUTIONS[spec.resolution],
                is_external=spec.location is istio.Location.MESH_EXTERNAL,
                is_kubernetes=False,
                subject_alt_names=tuple(sorted(set(spec.subject_alt_names))),
            ),
            visibility=resolve_export_to(spec.export_to, namespace),
            source=key_of(entry),
            entry=entry,
        )


def single_addresses(addresses: Iterable[str]) -> tuple[str, ...]:
    """The addresses of a ServiceEntry that are one address each; ranges are left out."""
    found = []
    for address in addresses:
        network = ipaddress.ip_network(address, strict=False)
        if network.num_addresses == 1:
            found.append(str(network.network_address))
    return tuple(dict.fromkeys(found))


def _automatic_vips(entries: Iterable[istio.ServiceEntry], *, taken: Iterable[str]) -> Mapping[str, str]:
    # A wildcard host is no name that DNS could answer with one service's address.
    listed = tuple(entries)
    written = (address for entry in listed for address in single_addresses(entry.spec.addresses))
    hosts = (
        host.lower()
        for entry in listed
        if not entry.spec.addresses
        for host in entry.spec.hosts
        if not is_wildcard(host)
    )
    return assign_vips(hosts, taken=(*taken, *written))
