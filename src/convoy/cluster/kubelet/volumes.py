"""The volumes of a pod: which the sandbox makes, and the files in those that show objects or tokens."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from convoy.api.kube.core import Container, Pod, Volume
from convoy.cluster.kubelet.contexts import Objects
from convoy.cluster.kubelet.environment import (
    MissingReferenceError,
    expand,
    field_value,
    referenced_content,
    resource_value,
)
from convoy.cluster.kubelet.sandboxes import VolumeFile
from convoy.cluster.sandbox.plan import MountPlan, VolumePlan

DEFAULT_AUDIENCE = "https://kubernetes.default.svc"
_DEFAULT_EXPIRY = 3600
_DEFAULT_MODE = 0o644


class TokenRequest(msgspec.Struct, frozen=True):
    """A token that a projected volume asks for; `expiry` in seconds."""

    audience: str
    expiry: int


Issue = Callable[[TokenRequest], str]


class Sources(msgspec.Struct, frozen=True):
    """What the files of a pod's volumes are made of."""

    pod: Pod
    objects: Objects
    issue: Issue
    allocatable: Mapping[str, str] = {}


def plan_volumes(pod: Pod, folders: Mapping[str, str] | None = None) -> list[VolumePlan]:
    """What the sandbox has to make before anything is written into it.

    `folders` are the machine's folders that hold the content of volumes, by volume.
    """
    return [_plan_volume(volume, (folders or {}).get(volume.name, "")) for volume in pod.spec.volumes]


def _plan_volume(volume: Volume, folder: str) -> VolumePlan:
    if volume.host_path is not None:
        folder = str(volume.host_path["path"])
    if folder:
        return {"name": volume.name, "kind": "host", "host_path": folder}
    return {"name": volume.name, "kind": "files" if volume.empty_dir is None else "empty", "host_path": ""}


def plan_mounts(
    container: Container, pod: Pod, variables: Mapping[str, str] | None = None
) -> list[MountPlan]:
    """Where a container sees the pod's volumes, outer mount points first.

    Only emptyDir, hostPath and persistentVolumeClaim are writable.
    """
    writable = {volume.name for volume in pod.spec.volumes if _is_writable(volume)}
    mounts: list[MountPlan] = [
        {
            "volume": mount.name,
            "path": "/" + mount.mount_path.strip("/"),
            "sub_path": mount.sub_path or expand(mount.sub_path_expr, variables or {}),
            "read_only": mount.read_only or mount.name not in writable,
        }
        for mount in container.volume_mounts
    ]
    return sorted(mounts, key=lambda mount: mount["path"])


def _is_writable(volume: Volume) -> bool:
    if volume.persistent_volume_claim is not None:
        return not volume.persistent_volume_claim.get("readOnly")
    return volume.empty_dir is not None or volume.host_path is not None


def build_volume_files(volume: Volume, sources: Sources) -> dict[str, VolumeFile] | None:
    """The files of a volume by relative path, None when it has none of ours; raises MissingReferenceError."""
    if volume.secret is not None:
        return _object_files(
            "secret", {"name": volume.secret.get("secretName", ""), **volume.secret}, sources
        )
    if volume.config_map is not None:
        return _object_files("configMap", volume.config_map, sources)
    if volume.downward_api is not None:
        return _field_files(volume.downward_api, sources)
    if volume.projected is None:
        return None
    mode = volume.projected.get("defaultMode", _DEFAULT_MODE)
    files: dict[str, VolumeFile] = {}
    for source in volume.projected.get("sources") or []:
        for kind, body in source.items():
            files |= _projected_files(kind, {"defaultMode": mode, **body}, sources)
    return files


def token_requests(volume: Volume) -> Iterable[TokenRequest]:
    """The tokens in a volume, which must be renewed before they expire."""
    for source in (volume.projected or {}).get("sources") or []:
        if body := source.get("serviceAccountToken"):
            yield _token_request(body)


def _token_request(body: dict[str, Any]) -> TokenRequest:
    return TokenRequest(
        body.get("audience") or DEFAULT_AUDIENCE, int(body.get("expirationSeconds") or _DEFAULT_EXPIRY)
    )


def _projected_files(kind: str, body: dict[str, Any], sources: Sources) -> dict[str, VolumeFile]:
    if kind == "serviceAccountToken":
        token = sources.issue(_token_request(body)).encode()
        return {body["path"]: VolumeFile(token, body["defaultMode"])}
    if kind == "downwardAPI":
        return _field_files(body, sources)
    if kind not in ("configMap", "secret"):
        raise MissingReferenceError(f"a projected {kind} is not built here")
    return _object_files(kind, body, sources)


def _field_files(body: dict[str, Any], sources: Sources) -> dict[str, VolumeFile]:
    files = {}
    for item in body.get("items") or []:
        if reference := item.get("resourceFieldRef"):
            text = resource_value(reference, Container(name=""), sources.pod, sources.allocatable)
        else:
            text = field_value(sources.pod, item["fieldRef"]["fieldPath"])
        files[item["path"]] = VolumeFile(text.encode(), _mode(item, body))
    return files


def _object_files(kind: str, body: dict[str, Any], sources: Sources) -> dict[str, VolumeFile]:
    optional = bool(body.get("optional"))
    name = body.get("name", "")
    content = referenced_content(kind, name, sources.pod, sources.objects, optional=optional) or {}
    items = body.get("items")
    if not items:
        return {key: VolumeFile(value, _mode({}, body)) for key, value in content.items()}
    files = {}
    for item in items:
        if item["key"] in content:
            files[item["path"]] = VolumeFile(content[item["key"]], _mode(item, body))
        elif not optional:
            raise MissingReferenceError(f'references non-existent {kind} key: {item["key"]} of "{name}"')
    return files


def _mode(item: dict[str, Any], body: dict[str, Any]) -> int:
    mode = item.get("mode")
    return int(body.get("defaultMode") or _DEFAULT_MODE) if mode is None else int(mode)
