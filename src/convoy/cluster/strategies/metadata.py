"""What holds for the metadata of every object."""

from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import Cause, field_forbidden, field_invalid, field_required
from convoy.cluster.strategies.names import (
    DNS_LABEL,
    DNS_LABEL_1035,
    DNS_SUBDOMAIN,
    NameRule,
    check_labels,
    check_name,
    check_qualified,
)

_MAX_ANNOTATIONS = 256 * 1024
_RBAC = "rbac.authorization.k8s.io"
_NAME_RULES: dict[str, NameRule] = {"namespaces": DNS_LABEL, "services": DNS_LABEL_1035}
_GENERATED_LENGTH = 58  # five random characters are added


def validate_metadata(resource: Resource, obj: dict[str, Any]) -> list[Cause]:
    """Name, generateName, labels, annotations, owners, finalizers."""
    metadata = obj.get("metadata") or {}
    causes = _validate_name(resource, metadata)
    causes += check_labels("metadata.labels", metadata.get("labels") or {})
    causes += _validate_annotations(metadata.get("annotations") or {})
    causes += _validate_owners(metadata.get("ownerReferences") or [])
    for finalizer in metadata.get("finalizers") or []:
        causes += check_qualified("metadata.finalizers", finalizer)
    return causes


def _validate_name(resource: Resource, metadata: dict[str, Any]) -> list[Cause]:
    name = metadata.get("name") or ""
    if not name:
        return [field_required("metadata.name", "name or generateName is required")]
    if resource.group == _RBAC:  # RBAC names are path segments: `system:node` is one
        bad = name in (".", "..") or "/" in name or "%" in name
        return [field_invalid("metadata.name", f'"{name}"', "may not be a path")] if bad else []
    return check_name("metadata.name", name, _NAME_RULES.get(resource.storage, DNS_SUBDOMAIN))


def shorten_generated(prefix: str) -> str:
    """The part of a generateName to which five random characters are added."""
    return prefix[:_GENERATED_LENGTH]


def _validate_annotations(annotations: dict[str, Any]) -> list[Cause]:
    causes = [c for key in annotations for c in check_qualified("metadata.annotations", key.lower())]
    size = sum(len(key) + len(str(value)) for key, value in annotations.items())
    if size > _MAX_ANNOTATIONS:
        said = f"Too long: may not be more than {_MAX_ANNOTATIONS} bytes"
        causes.append(Cause("FieldValueTooLong", said, "metadata.annotations"))
    return causes


def _validate_owners(owners: list[dict[str, Any]]) -> list[Cause]:
    causes = []
    for index, owner in enumerate(owners):
        path = f"metadata.ownerReferences[{index}]"
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                causes.append(field_required(f"{path}.{field}", "must not be empty"))
    if sum(bool(owner.get("controller")) for owner in owners) > 1:
        said = "Only one reference can have Controller set to true"
        causes.append(field_invalid("metadata.ownerReferences", "[]", said))
    return causes


def validate_metadata_update(obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    """Fields of the metadata that may not change; finalizers may only go while an object is deleted."""
    new_meta, old_meta = obj.get("metadata") or {}, old.get("metadata") or {}
    if not old_meta.get("deletionTimestamp"):
        return []
    added = set(new_meta.get("finalizers") or []) - set(old_meta.get("finalizers") or [])
    if not added:
        return []
    listed = ", ".join(f'"{name}"' for name in sorted(added))
    why = "no new finalizers can be added if the object is being deleted, found new finalizers "
    return [field_forbidden("metadata.finalizers", f"{why}[]string{{{listed}}}")]
