"""Endpoints that somebody wrote down: in a ServiceEntry, or as WorkloadEntries that a selector selects.

Such an address accepts mutual TLS by Istio's rule: the label `security.istio.io/tlsMode: istio` says so, or
else a `serviceAccount` does. (An explicit ISTIO_MUTUAL in a DestinationRule does not ask.)

Whoever writes a ServiceEntry chooses where proxies of others send, shared gateways among them. So none of
them leads to a proxy's own administration, which believes whoever comes from its own pod.
"""

import ipaddress
from collections.abc import Iterable, Iterator

from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.istio.workload_entry import WorkloadEntrySpec
from convoy.mesh.endpoint_labels import LabelFilter
from convoy.mesh.identities import spiffe_id
from convoy.mesh.model import Endpoint, MeshSettings, Resolution, Service, ServicePort
from convoy.mesh.pods import TLS_MODE_LABEL, local_network
from convoy.mesh.services import Registered
from convoy.mesh.workload_entries import ExternalWorkload, ExternalWorkloads

_UNIX = "unix://"
# What fits into a socket's address, unix(7); Envoy refuses more.
_LONGEST_SOCKET = 107
# Of Envoy's administration, on loopback (`agent/settings.py`, which a test compares).
_ADMIN_PORT = 15000
_LOCALITY_LABEL = "istio-locality"


def written_workloads(
    entry: ServiceEntry, service: Service, external: ExternalWorkloads, *, only_healthy: bool = False
) -> Iterator[WorkloadEntrySpec]:
    """What stands behind a ServiceEntry beside pods: what it lists or selects, or else its own host."""
    selector = entry.spec.workload_selector
    found: Iterable[WorkloadEntrySpec] = entry.spec.endpoints
    if selector is not None:
        selected = external.select_or_all(entry.metadata.namespace, selector.labels)
        found = _specs(selected, only_healthy=only_healthy)
    elif service.resolution.is_dns and not entry.spec.endpoints:
        found = (WorkloadEntrySpec(address=service.hostname),)
    yield from (spec for spec in found if _is_usable(spec.address, service.resolution))


def select_for_kube(
    registered: Registered, external: ExternalWorkloads, *, only_healthy: bool = False
) -> Iterator[WorkloadEntrySpec]:
    """The WorkloadEntries that a Kubernetes Service selects: those with an IP, unless it is headless; or the
    name outside that it stands for.
    """
    kube, service = registered.kube, registered.service
    if kube is not None and service.is_external:
        yield WorkloadEntrySpec(address=kube.spec.external_name.lower().rstrip("."))
        return
    if kube is None or service.resolution is not Resolution.ENDPOINTS:
        return
    for spec in _specs(external.select(service.namespace, kube.spec.selector), only_healthy=only_healthy):
        if _is_usable(spec.address, service.resolution) and not spec.address.startswith(_UNIX):
            yield spec


def build_listed_endpoint(
    spec: WorkloadEntrySpec,
    service: Service,
    port: int,
    *,
    labels: LabelFilter,
    settings: MeshSettings,
) -> Endpoint:
    """The endpoint at this port of its address; a socket has none."""
    network = spec.network or local_network(settings)
    locality = spec.locality or spec.labels.get(_LOCALITY_LABEL, "").replace(".", "/")
    is_socket = spec.address.startswith(_UNIX)
    return Endpoint(
        address=spec.address.removeprefix(_UNIX),
        port=0 if is_socket else port,
        labels=labels.of(spec.labels, network=network, locality=locality),
        accepts_mtls=_accepts_mtls(spec, service),
        identity=listed_identity(spec, service, settings),
        workload="",
        network=network,
        locality=locality,
        weight=spec.weight or 1,
    )


def leads_home(address: str, port: int) -> bool:
    """Whether a proxy that sends there may come to its own administration; a name may stand for loopback."""
    if port != _ADMIN_PORT or address.startswith(_UNIX):
        return False
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return True
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_loopback or ip.is_unspecified


def entry_port(entry: ServiceEntry, spec: WorkloadEntrySpec, port: ServicePort) -> int | None:
    """The port of a listed address behind a service's port; None when this entry does not have that."""
    for own in entry.spec.ports:
        if own.number == port.number:
            return spec.ports.get(own.name) or own.target_port or own.number
    return None


def kube_entry_port(spec: WorkloadEntrySpec, port: ServicePort) -> int | None:
    """The port of a WorkloadEntry behind a Kubernetes Service's port; None when it lacks a named one."""
    target = port.target_port
    if isinstance(target, int) or target.isdigit():
        return spec.ports.get(port.name) or int(target)
    return spec.ports.get(target)


def listed_identity(spec: WorkloadEntrySpec, service: Service, settings: MeshSettings) -> str:
    """Its SPIFFE ID; empty when it states no account."""
    if not spec.service_account:
        return ""
    return spiffe_id(settings.trust_domain, service.namespace, spec.service_account)


def _specs(workloads: Iterable[ExternalWorkload], *, only_healthy: bool) -> Iterator[WorkloadEntrySpec]:
    return (workload.spec for workload in workloads if workload.is_healthy or not only_healthy)


def _accepts_mtls(spec: WorkloadEntrySpec, service: Service) -> bool:
    mode = spec.labels.get(TLS_MODE_LABEL)
    if mode is not None:
        return mode == "istio"
    return not service.is_external and bool(spec.service_account)


def _is_usable(address: str, resolution: Resolution) -> bool:
    """Whether a proxy can do with it: names only where Envoy resolves them, sockets everywhere else."""
    if not address:
        return False
    if address.startswith(_UNIX):
        return not resolution.is_dns and len(address.removeprefix(_UNIX).encode()) <= _LONGEST_SOCKET
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return resolution.is_dns
    return True
