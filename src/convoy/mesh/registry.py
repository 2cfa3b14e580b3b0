"""The registry of a cluster, put together from Kubernetes Services and ServiceEntries."""

from collections.abc import Iterable

from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.kube import core
from convoy.mesh.kube_services import build_kube_service
from convoy.mesh.service_entries import build_entry_services
from convoy.mesh.services import Registry


def build_registry(
    services: Iterable[core.Service], entries: Iterable[ServiceEntry], *, domain: str
) -> Registry:
    """The registry of a cluster; both inputs oldest first."""
    own = [build_kube_service(service, domain) for service in services if service.spec.type != "ExternalName"]
    taken = [vip for registered in own for vip in registered.service.vips]
    return Registry([*own, *build_entry_services(entries, taken=taken)])
