"""What a pod asks for that is refused here, and what is left out with a warning. Pure.

Refused is what would reach out of the pod, for its promise to others would be broken silently. Left out is
what has no meaning here, or needs rights that this machine does not give.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from convoy.api.kube.core import Container, Pod, Volume
from convoy.cluster.linux.capabilities import NUMBERS, capability_name

_BUILT = frozenset(
    {"secret", "config_map", "empty_dir", "host_path", "projected", "downward_api", "persistent_volume_claim"}
)
_HARMLESS_SECCOMP = ("", "RuntimeDefault", "Unconfined")


def refusal(pod: Pod, host_paths: Sequence[str]) -> tuple[str, str] | None:
    """(event reason, sentence) why a pod cannot run here; `host_paths` are the folders it may mount."""
    for asked, field in (
        (pod.spec.host_network, "hostNetwork"),
        (pod.spec.host_pid, "hostPID"),
        (pod.spec.host_ipc, "hostIPC"),
    ):
        if asked:
            why = f"spec.{field} is not allowed: pods of the embedded cluster stay in namespaces of their own"
            return "FailedCreatePodSandBox", why
    for container in _containers(pod):
        if container.security_context.privileged:
            why = "privileged containers are not allowed on the embedded cluster"
            return "Failed", f"Error: container {container.name}: {why}"
    for volume in pod.spec.volumes:
        if why := _volume_refusal(volume, host_paths):
            return "FailedMount", f'MountVolume.SetUp failed for volume "{volume.name}" : {why}'
    return None


def _volume_refusal(volume: Volume, host_paths: Sequence[str]) -> str:
    kinds = [
        name for name in volume.__struct_fields__ if name != "name" and getattr(volume, name) is not None
    ]
    unknown = [name for name in kinds if name not in _BUILT]
    if unknown:
        return f"volumes of the kind {unknown[0].replace('_', ' ')} are not built on the embedded cluster"
    if volume.host_path is not None and not is_below(str(volume.host_path.get("path")), host_paths):
        allowed = f"; allowed are {', '.join(host_paths)}" if host_paths else ""
        return (
            f'hostPath "{volume.host_path.get("path")}" is not among the folders that pods may see{allowed}'
        )
    return ""


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Whether an absolute path without dots is one of the folders or below one."""
    pure = PurePosixPath(path)
    return ".." not in pure.parts and any(pure.is_relative_to(folder) for folder in folders)


def left_out(pod: Pod) -> list[str]:
    """What the pod asks for and does not get, in words for one event."""
    found = list(_of_pod(pod))
    for container in _containers(pod):
        found += [f"container {container.name}: {what}" for what in _of_container(container)]
    return found


def _of_pod(pod: Pod) -> Iterator[str]:
    context = pod.spec.security_context
    for name in ("sysctls", "seLinuxOptions", "windowsOptions", "appArmorProfile"):
        if context.get(name):
            yield f"securityContext.{name}"
    if pod.spec.runtime_class_name:
        yield f"runtimeClassName {pod.spec.runtime_class_name}"
    if pod.spec.resource_claims:
        yield "resourceClaims"


def _of_container(container: Container) -> Iterator[str]:
    context = container.security_context
    for name in context.capabilities.add:
        if capability_name(name) not in NUMBERS:
            yield f"capability {name}"
    if context.allow_privilege_escalation:
        yield "allowPrivilegeEscalation"
    if context.seccomp_profile.get("type", "") not in _HARMLESS_SECCOMP:
        yield f"seccompProfile {context.seccomp_profile['type']}"
    if context.proc_mount not in ("", "Default"):
        yield f"procMount {context.proc_mount}"
    if container.volume_devices:
        yield "volumeDevices"
    if any(port.host_port for port in container.ports):
        yield "hostPort"


def _containers(pod: Pod) -> list[Container]:
    return [*pod.spec.init_containers, *pod.spec.containers, *pod.spec.ephemeral_containers]
