"""Assign a pod to a node, pure (pods/binding)."""

from datetime import datetime
from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import (
    bad_request,
    conflict,
    field_not_supported,
    field_required,
    invalid,
)
from convoy.kit.times import format_time

BINDING = Resource(group="", version="v1", plural="pods/binding", kind="Binding", namespaced=True)


def bound_pod(pod: dict[str, Any], binding: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The pod with its node; raises 400, 409 and 422."""
    name = pod["metadata"]["name"]
    node = _target(binding, name)
    spec = pod.get("spec") or {}
    wanted, uid = (binding.get("metadata") or {}).get("uid"), pod["metadata"]["uid"]
    if wanted and wanted != uid:
        why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}"
        raise conflict(BINDING, name, why)
    if "deletionTimestamp" in pod["metadata"]:
        raise conflict(BINDING, name, f"pod {name} is being deleted, cannot be assigned to a host")
    if spec.get("nodeName"):
        raise conflict(BINDING, name, f'pod {name} is already assigned to node "{spec["nodeName"]}"')
    annotations = (binding.get("metadata") or {}).get("annotations")
    metadata = pod["metadata"]
    if annotations:
        metadata = {**metadata, "annotations": {**(metadata.get("annotations") or {}), **annotations}}
    return {
        **pod,
        "metadata": metadata,
        "spec": {**spec, "nodeName": node},
        "status": _scheduled(pod.get("status") or {}, now),
    }


def _target(binding: dict[str, Any], name: str) -> str:
    target = binding.get("target") or {}
    if target.get("kind") not in (None, "", "Node"):
        raise invalid(
            BINDING, name, [field_not_supported("target.kind", str(target["kind"]), ["Node", "<empty>"])]
        )
    node = target.get("name")
    if not node:
        raise invalid(BINDING, name, [field_required("target.name")])
    wanted = (binding.get("metadata") or {}).get("name")
    if wanted and wanted != name:
        raise bad_request(f"the name of the object ({wanted}) does not match the name on the URL ({name})")
    return str(node)


def _scheduled(status: dict[str, Any], now: datetime) -> dict[str, Any]:
    others = [each for each in status.get("conditions") or () if each.get("type") != "PodScheduled"]
    condition = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": format_time(now),
    }
    return {**status, "conditions": [*others, condition]}
