"""What a pod or Service may ask for that the embedded cluster does not do: refused by name, never ignored."""

from collections.abc import Iterator

from convoy.api.kube.core import Container, Pod, Service, Volume
from convoy.cluster.errors import ManifestError
from convoy.cluster.linux.capabilities import NUMBERS, capability_name
from convoy.cluster.objects import key_of


def check_supported(item: object) -> None:
    """Raise ManifestError that names every field of a Pod or Service which is not built."""
    fields: list[str] = []
    if isinstance(item, Pod):
        fields = list(_pod_fields(item))
    if isinstance(item, Service):
        fields = list(_service_fields(item))
    if fields and isinstance(item, Pod | Service):
        raise ManifestError(f"{key_of(item)}: the embedded cluster does not support {', '.join(fields)}.")


def _pod_fields(pod: Pod) -> Iterator[str]:
    if pod.spec.host_network:
        yield "spec.hostNetwork"
    if pod.spec.dns_policy not in ("ClusterFirst", "None"):
        yield f'spec.dnsPolicy "{pod.spec.dns_policy}"'
    if pod.spec.readiness_gates:
        yield "spec.readinessGates"
    if pod.spec.active_deadline_seconds is not None:
        yield "spec.activeDeadlineSeconds"
    for volume in pod.spec.volumes:
        yield from _volume_fields(volume)
    for container in (*pod.spec.init_containers, *pod.spec.containers):
        for field in _container_fields(container):
            yield f"container {container.name}: {field}"


def _volume_fields(volume: Volume) -> Iterator[str]:
    sources = (volume.secret, volume.config_map, volume.empty_dir, volume.host_path, volume.projected)
    if sum(source is not None for source in (*sources, volume.downward_api)) != 1:
        yield f"volume {volume.name}, which has no source it knows"
    if volume.host_path is not None and not str(volume.host_path.get("path")).startswith("/"):
        yield f'volume {volume.name}: hostPath "{volume.host_path.get("path")}", which is not absolute'
    for source in (volume.projected or {}).get("sources", []):
        for kind in source:
            if kind not in ("serviceAccountToken", "configMap", "secret", "downwardAPI"):
                yield f"volume {volume.name}: projected {kind}"


def _container_fields(container: Container) -> Iterator[str]:
    for name, probe in (
        ("livenessProbe", container.liveness_probe),
        ("readinessProbe", container.readiness_probe),
        ("startupProbe", container.startup_probe),
    ):
        if probe is not None and not (probe.http_get or probe.tcp_socket or probe.exec):
            yield f"{name} without httpGet, tcpSocket or exec"
    for capability in container.security_context.capabilities.add:
        if capability_name(capability) not in NUMBERS:
            yield f"capability {capability}"
    if container.security_context.privileged:
        yield "securityContext.privileged"
    for variable in container.env:
        for source in variable.value_from or {}:
            if source not in ("fieldRef", "configMapKeyRef", "secretKeyRef"):
                yield f"env {variable.name}: valueFrom.{source}"


def _service_fields(service: Service) -> Iterator[str]:
    if service.spec.session_affinity not in ("", "None"):
        yield f'spec.sessionAffinity "{service.spec.session_affinity}"'
    if service.spec.external_ips:
        yield "spec.externalIPs"
    if service.spec.type not in ("ClusterIP", "LoadBalancer", "ExternalName", "NodePort"):
        yield f'spec.type "{service.spec.type}"'
    for port in service.spec.ports:
        if port.protocol not in ("TCP", "UDP"):
            yield f"port {port.port}: protocol {port.protocol}"
