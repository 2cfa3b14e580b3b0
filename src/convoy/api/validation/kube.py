"""Service, Pod and Secret: the basics that the mesh relies on. Kubernetes itself checks the rest."""

import base64
import binascii
from collections.abc import Iterable

from convoy.api import codes
from convoy.api.kube.core import Container, Pod, Secret, Service, ServicePort
from convoy.api.paths import child_path, item_path, quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings

_SERVICE_TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
_L4 = ("TCP", "UDP", "SCTP")
_TLS_KEYS = ("tls.crt", "tls.key")


def validate_service(service: Service, found: Findings) -> None:
    """Type, addresses, ports and selector."""
    spec = service.spec
    if spec.type not in _SERVICE_TYPES:
        message = f"{quote(spec.type)} is not one of {', '.join(_SERVICE_TYPES)}."
        found.add(codes.UNKNOWN_VALUE, "spec.type", message, "Use one of those.")
    if spec.type == "ExternalName":
        found.check_not_empty("spec.externalName", spec.external_name, "Name the host it stands for.")
    elif spec.cluster_ip != "None":
        found.check_not_empty("spec.ports", spec.ports, "Add a port.")
    if spec.cluster_ip not in ("", "None") and not names.is_ip(spec.cluster_ip):
        message = f"{quote(spec.cluster_ip)} is not an address."
        found.add(codes.BAD_ADDRESS, "spec.clusterIP", message, 'Use an address, or "None".')
    found.check_labels("spec.selector", spec.selector)
    _check_service_ports(spec.ports, found)


def _check_service_ports(ports: list[ServicePort], found: Findings) -> None:
    seen: dict[tuple[int, str], int] = {}
    for i, port in enumerate(ports):
        path = item_path("spec.ports", i)
        found.check_port(f"{path}.port", port.port)
        found.check_port(f"{path}.nodePort", port.node_port)
        if port.protocol not in _L4:
            message = f"{quote(port.protocol)} is not one of {', '.join(_L4)}."
            found.add(codes.BAD_PROTOCOL, f"{path}.protocol", message, "Say the protocol in the port's name.")
        if port.name and not names.is_label(port.name):
            message = f"{quote(port.name)} is not a port name."
            found.add(codes.BAD_NAME, f"{path}.name", message, 'Use lower case letters, digits and "-".')
        if len(ports) > 1:
            found.check_not_empty(f"{path}.name", port.name, "Name every port when there are several.")
        _check_target_port(f"{path}.targetPort", port.target_port, found)
        first = seen.setdefault((port.port, port.protocol), i)
        if first != i:
            message = f"{port.port} is used twice; {item_path('spec.ports', first)} has it, too."
            found.add(codes.DUPLICATE_VALUE, f"{path}.port", message, "Remove one of them.")
    found.check_unique("spec.ports", [port.name or i for i, port in enumerate(ports)], member="name")


def _check_target_port(path: str, target: int | str | None, found: Findings) -> None:
    if isinstance(target, int):
        found.check_port(path, target)
    elif target is not None and not (names.is_label(target) and len(target) <= 15):
        message = f"{quote(target)} is neither a port nor a port name."
        found.add(codes.BAD_PORT, path, message, "Use 1 to 65535, or the name of a container's port.")


def validate_pod(pod: Pod, found: Findings) -> None:
    """Addresses, account, and names and ports of the containers."""
    for field, address in (("podIP", pod.status.pod_ip), ("hostIP", pod.status.host_ip)):
        if address and not names.is_ip(address):
            remedy = "Use an IPv4 or IPv6 address."
            found.add(codes.BAD_ADDRESS, f"status.{field}", f"{quote(address)} is not an address.", remedy)
    account = pod.spec.service_account_name
    if account and not names.is_subdomain(account):
        message = f"{quote(account)} is not the name of a service account."
        found.add(codes.BAD_NAME, "spec.serviceAccountName", message, "Use its metadata.name.")
    found.check_not_empty("spec.containers", pod.spec.containers, "Add a container.")
    _check_containers("spec.containers", pod.spec.containers, found)
    _check_containers("spec.initContainers", pod.spec.init_containers, found)


def _check_containers(field: str, containers: Iterable[Container], found: Findings) -> None:
    for i, container in enumerate(containers):
        path = item_path(field, i)
        if not names.is_label(container.name):
            message = f"{quote(container.name)} is not a container name."
            found.add(codes.BAD_NAME, f"{path}.name", message, 'Use lower case letters, digits and "-".')
        for j, port in enumerate(container.ports):
            found.check_port(f"{path}.ports[{j}].containerPort", port.container_port)
    found.check_unique(field, [container.name for container in containers], member="name")


def validate_secret(secret: Secret, found: Findings) -> None:
    """Keys and encoding; no value is ever quoted."""
    for key, value in secret.data.items():
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            remedy = "Encode the value, or move it to stringData."
            found.add(codes.WRONG_TYPE, child_path("data", key), "is not base64.", remedy)
    if secret.type == "kubernetes.io/tls":
        for key in _TLS_KEYS:
            if key not in secret.data and key not in secret.string_data:
                remedy = f"Secrets of type {secret.type} have {' and '.join(_TLS_KEYS)}."
                found.add(codes.MISSING_FIELD, child_path("data", key), "is required but missing.", remedy)
