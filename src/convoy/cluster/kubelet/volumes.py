"""The volumes of a pod: which the sandbox makes, and the files in those that show objects or tokens."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from convoy.api.kube.core import Container, Pod, Volume
from convoy.cluster.kubelet.environment import field_value, referenced_content
from convoy.cluster.objects import ObjectStore
from convoy.cluster.sandbox.plan import MountPlan, VolumePlan

DEFAULT_AUDIENCE = "https://kubernetes.default.svc"
_DEFAULT_EXPIRY = 3600


class TokenRequest(msgspec.Struct, frozen=True):
    """A token that a projected volume asks for; `expiry` in seconds."""

    audience: str
    expiry: int


Issue = Callable[[TokenRequest], str]


def plan_volumes(pod: Pod) -> list[VolumePlan]:
    """What the sandbox has to make before anything is written into it."""
    return [_plan_volume(volume) for volume in pod.spec.volumes]


def _plan_volume(volume: Volume) -> VolumePlan:
    if volume.host_path is not None:
        return {"name": volume.name, "kind": "host", "host_path": str(volume.host_path["path"])}
    return {"name": volume.name, "kind": "files" if volume.empty_dir is None else "empty", "host_path": ""}


def plan_mounts(container: Container, pod: Pod) -> list[MountPlan]:
    """Where a container sees the pod's volumes, outer mount points first.

    Only emptyDir and hostPath are writable.
    """
    writable = {
        volume.name for volume in pod.spec.volumes if (volume.empty_dir, volume.host_path) != (None, None)
    }
    mounts: list[MountPlan] = [
        {
            "volume": mount.name,
            "path": mount.mount_path.rstrip("/"),
            "sub_path": mount.sub_path,
            "read_only": mount.read_only or mount.name not in writable,
        }
        for mount in container.volume_mounts
    ]
    return sorted(mounts, key=lambda mount: mount["path"])


def build_volume_files(
    volume: Volume, pod: Pod, objects: ObjectStore, issue: Issue
) -> dict[str, bytes] | None:
    """The files of a volume by relative path, None when it has none of ours; raises MissingReferenceError."""
    if volume.secret is not None:
        return _object_files("secret", volume.secret, volume.secret.get("secretName", ""), pod, objects)
    if volume.config_map is not None:
        return _object_files("configMap", volume.config_map, volume.config_map.get("name", ""), pod, objects)
    if volume.downward_api is not None:
        return _field_files(volume.downward_api, pod)
    if volume.projected is None:
        return None
    files: dict[str, bytes] = {}
    for source in volume.projected.get("sources", []):
        for kind, body in source.items():
            files |= _projected_files(kind, body, pod, objects, issue)
    return files


def token_requests(volume: Volume) -> Iterable[TokenRequest]:
    """The tokens in a volume, which must be renewed before they expire."""
    for source in (volume.projected or {}).get("sources", []):
        if body := source.get("serviceAccountToken"):
            yield _token_request(body)


def _token_request(body: dict[str, Any]) -> TokenRequest:
    return TokenRequest(
        body.get("audience") or DEFAULT_AUDIENCE, int(body.get("expirationSeconds", _DEFAULT_EXPIRY))
    )


def _projected_files(
    kind: str, body: dict[str, Any], pod: Pod, objects: ObjectStore, issue: Issue
) -> dict[str, bytes]:
    if kind == "serviceAccountToken":
        return {body["path"]: issue(_token_request(body)).encode()}
    if kind == "downwardAPI":
        return _field_files(body, pod)
    return _object_files(kind, body, body.get("name", ""), pod, objects)


def _field_files(body: dict[str, Any], pod: Pod) -> dict[str, bytes]:
    return {
        item["path"]: field_value(pod, item["fieldRef"]["fieldPath"]).encode()
        for item in body.get("items", [])
    }


def _object_files(
    kind: str, body: dict[str, Any], name: str, pod: Pod, objects: ObjectStore
) -> dict[str, bytes]:
    content = referenced_content(kind, name, pod, objects, optional=bool(body.get("optional"))) or {}
    items = body.get("items")
    if not items:
        return content
    return {item["path"]: content[item["key"]] for item in items if item["key"] in content}
