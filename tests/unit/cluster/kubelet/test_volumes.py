"""The files in volumes."""

from typing import Any

import pytest
from tests.cluster.manifests import container, pod

from convoy.api.kube.core import Pod
from convoy.cluster.kubelet.environment import MissingReferenceError
from convoy.cluster.kubelet.sandboxes import VolumeFile
from convoy.cluster.kubelet.volumes import (
    Sources,
    TokenRequest,
    build_volume_files,
    plan_mounts,
    plan_volumes,
    token_requests,
)
from convoy.cluster.objects import ObjectStore, parse_manifest
from convoy.cluster.types import ClusterSpec

STORE = ObjectStore(ClusterSpec("east", "198.18.1.0/24", "198.18.101.0/24"))
for kind, name, field in (("ConfigMap", "c", "data"), ("Secret", "s", "stringData")):
    manifest = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, field: {"a": name, "b": "x"}}
    STORE.put(parse_manifest(manifest), taken=())


def _pod(*sources: dict[str, Any], **fields: Any) -> Pod:
    volumes = [{"name": f"v{number}", **source} for number, source in enumerate(sources)]
    parsed = parse_manifest(pod("web-1", container(**fields), volumes=volumes))
    assert isinstance(parsed, Pod)
    return parsed


def _volume(source: dict[str, Any]) -> dict[str, VolumeFile] | None:
    made = _pod(source)
    sources = Sources(made, STORE, lambda request: f"{request.audience}+{request.expiry}")
    return build_volume_files(made.spec.volumes[0], sources)


def _files(source: dict[str, Any]) -> dict[str, bytes]:
    return {path: file.content for path, file in (_volume(source) or {}).items()}


def test_objects_show_all_their_keys_or_the_chosen_ones() -> None:
    assert _files({"configMap": {"name": "c"}}) == {"a": b"c", "b": b"x"}
    assert _files({"secret": {"secretName": "s"}}) == {"a": b"s", "b": b"x"}
    items = [{"key": "a", "path": "deep/er"}]
    assert _files({"configMap": {"name": "c", "items": items}}) == {"deep/er": b"c"}


def test_a_projection_joins_its_sources() -> None:
    sources = [
        {"serviceAccountToken": {"path": "t", "audience": "aud", "expirationSeconds": 60}},
        {"configMap": {"name": "c", "items": [{"key": "b", "path": "b"}]}},
        {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    ]
    assert _files({"projected": {"sources": sources}}) == {"t": b"aud+60", "b": b"x", "name": b"web-1"}


def test_a_token_without_wishes_lasts_an_hour() -> None:
    made = _pod({"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}})
    (request,) = token_requests(made.spec.volumes[0])
    assert request == TokenRequest("https://kubernetes.default.svc", 3600)


def test_a_missing_object_is_named_unless_optional() -> None:
    with pytest.raises(MissingReferenceError, match="Secret default/none does not exist"):
        _files({"secret": {"secretName": "none"}})
    assert _files({"configMap": {"name": "none", "optional": True}}) == {}


def test_folders_have_no_files_of_ours() -> None:
    assert _volume({"emptyDir": {}}) is None
    assert _volume({"hostPath": {"path": "/srv"}}) is None
    kinds = [plan["kind"] for plan in plan_volumes(_pod({"emptyDir": {}}, {"hostPath": {"path": "/srv"}}))]
    assert kinds == ["empty", "host"]


def test_only_folders_are_mounted_writable_and_outer_ones_first() -> None:
    mounts = [
        {"name": "v0", "mountPath": "/tmp/a/b/"},
        {"name": "v1", "mountPath": "/tmp/a"},
        {"name": "v2", "mountPath": "/tmp/c", "readOnly": True},
    ]
    sources: tuple[dict[str, Any], ...] = (
        {"configMap": {"name": "c"}},
        {"emptyDir": {}},
        {"hostPath": {"path": "/srv"}},
    )
    made = _pod(*sources, volumeMounts=mounts)
    planned = plan_mounts(made.spec.containers[0], made)
    assert [(mount["path"], mount["read_only"]) for mount in planned] == [
        ("/tmp/a", False),
        ("/tmp/a/b", True),
        ("/tmp/c", True),
    ]
