"""Kubernetes Services as services of the mesh."""

from convoy.api.kinds import key_of
from convoy.api.kube import core
from convoy.api.meta import Namespace
from convoy.mesh.model import Resolution, Service, ServicePort
from convoy.mesh.protocols import kube_protocol
from convoy.mesh.services import Registered
from convoy.mesh.short_names import kube_hostname
from convoy.mesh.visibility import Visibility, resolve_export_to

EXPORT_TO = "networking.istio.io/exportTo"


def build_kube_service(service: core.Service, domain: str, *, export_to: tuple[str, ...] = ()) -> Registered:
    """What the registry knows of a Service that is no ExternalName. `export_to` holds without annotation."""
    namespace = Namespace(service.metadata.namespace)
    is_headless = service.spec.cluster_ip == "None"
    # Who answers for a Service without a selector (`kubernetes` is one) its cluster knows, not its pods.
    is_left_to_cluster = is_headless or not service.spec.selector
    return Registered(
        service=Service(
            hostname=kube_hostname(service.metadata.name, namespace, domain),
            namespace=namespace,
            ports=tuple(_kube_port(port) for port in service.spec.ports if port.protocol in ("", "TCP")),
            vips=() if is_headless else cluster_ips(service),
            resolution=Resolution.ORIGINAL_DST if is_left_to_cluster else Resolution.ENDPOINTS,
            is_external=False,
            is_kubernetes=True,
        ),
        visibility=export_visibility(service, export_to),
        source=key_of(service),
        kube=service,
    )


def export_visibility(service: core.Service, default: tuple[str, ...] = ()) -> Visibility:
    """Who sees a Service: its annotation says it, or else the mesh."""
    parts = service.metadata.annotations.get(EXPORT_TO, "").split(",")
    exports = [part.strip() for part in parts if part.strip()]
    return resolve_export_to(exports or default, service.metadata.namespace)


def cluster_ips(service: core.Service) -> tuple[str, ...]:
    """The virtual addresses of a Kubernetes Service."""
    addresses = service.spec.cluster_ips or [service.spec.cluster_ip]
    return tuple(dict.fromkeys(address for address in addresses if address and address != "None"))


def _kube_port(port: core.ServicePort) -> ServicePort:
    protocol = kube_protocol(app_protocol=port.app_protocol, name=port.name, number=port.port)
    return ServicePort(port.port, port.name, protocol, port.target_port or port.port)
