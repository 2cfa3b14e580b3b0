"""Which object a body means: its name, its namespace, and the state of it that the client knew."""

from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import bad_request, conflict, field_invalid, field_required, invalid
from convoy.cluster.registry.context import Target
from convoy.cluster.store import Stored

Object = dict[str, Any]


def asked_names(asked: Resource, kept: Resource, namespace: str, metadata: Object) -> tuple[str, str]:
    """name and generateName of a new object; raises 400 and 422."""
    found = metadata.get("namespace")
    if kept.namespaced and found and found != namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if metadata.get("resourceVersion"):
        raise bad_request("resourceVersion should not be set on objects to be created")
    name, prefix = metadata.get("name") or "", metadata.get("generateName") or ""
    if not name and not prefix:
        raise invalid(asked, "", [field_required("metadata.name", "name or generateName is required")])
    return name, prefix


def check_meant(target: Target, metadata: Object, old: Stored) -> None:
    """Raises 400 for another object's body, 409 for one made from another state, 422 without a state."""
    name = metadata.get("name")
    if not name:
        raise bad_request(
            f"the name of the object ({target.name} based on URL) was undeterminable: name must be provided"
        )
    if name != target.name:
        raise bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({target.name})"
        )
    if target.kept.namespaced and (metadata.get("namespace") or target.namespace) != target.namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    uid, current = metadata.get("uid"), old.object["metadata"]["uid"]
    if uid and uid != current:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {current}"
        raise conflict(target.asked, target.name, why)
    _check_revision(target, metadata.get("resourceVersion"), old)


def _check_revision(target: Target, wanted: Any, old: Stored) -> None:
    if wanted in (None, "", "0"):
        if target.kept.is_custom:
            cause = field_invalid("metadata.resourceVersion", "0x0", "must be specified for an update")
            raise invalid(target.asked, target.name, [cause])
        return
    if not (wanted.isascii() and wanted.isdecimal()):
        cause = field_invalid("metadata.resourceVersion", f'"{wanted}"', "must be an integer")
        raise invalid(target.asked, target.name, [cause])
    if wanted != str(old.revision):
        raise conflict(target.asked, target.name)
