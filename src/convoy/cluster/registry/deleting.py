"""What becomes of an object that is deleted, pure: whether it goes at once, and how it is marked if not.

An object waits for its finalizers; a pod also for its node, which ends it within the grace period; a
namespace for its content. Collecting what an owner leaves behind is the garbage collector's: a finalizer asks
it to do so before (https://kubernetes.io/docs/concepts/architecture/garbage-collection/).
"""

from datetime import datetime, timedelta
from typing import Any

from convoy.cluster.machinery.requests import DeleteOptions, Propagation
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError, conflict
from convoy.kit.times import format_time

_FOREGROUND = "foregroundDeletion"
_ORPHAN = "orphan"
_MARKS: dict[Propagation, tuple[str, ...]] = {
    "Background": (),
    "Foreground": (_FOREGROUND,),
    "Orphan": (_ORPHAN,),
}
_DEFAULT_GRACE = 30
_FINISHED = ("Succeeded", "Failed")


def check_preconditions(resource: Resource, obj: dict[str, Any], delete: DeleteOptions) -> StatusError | None:
    """The conflict, when the object is not the one that the client means."""
    metadata = obj["metadata"]
    for what, wanted, found in (
        ("UID", delete.uid, metadata["uid"]),
        ("ResourceVersion", delete.resource_version, metadata["resourceVersion"]),
    ):
        if wanted and wanted != found:
            why = f"Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}"
            return conflict(resource, metadata["name"], why)
    return None


def plan_deletion(
    resource: Resource, obj: dict[str, Any], delete: DeleteOptions, now: datetime
) -> dict[str, Any] | None:
    """The object as it waits for its end (`obj` itself if nothing changes), None if it goes at once."""
    obj = _with_propagation(obj, delete.propagation)
    grace = grace_period(resource, obj, delete)
    if grace == 0 and not is_held(resource, obj):
        return None
    if resource.storage == "namespaces":
        return _mark_namespace(obj, now)
    return _mark(obj, grace, now)


def is_held(resource: Resource, obj: dict[str, Any]) -> bool:
    """Whether finalizers keep the object."""
    if obj["metadata"].get("finalizers"):
        return True
    return resource.storage == "namespaces" and bool((obj.get("spec") or {}).get("finalizers"))


def ends_with_update(resource: Resource, obj: dict[str, Any]) -> bool:
    """Whether an object that is being deleted goes with this update, which took the last finalizer."""
    metadata = obj["metadata"]
    is_due = "deletionTimestamp" in metadata and not metadata.get("deletionGracePeriodSeconds")
    return is_due and not is_held(resource, obj)


def grace_period(resource: Resource, obj: dict[str, Any], delete: DeleteOptions) -> int:
    """Seconds that a pod is left to end; nothing else has any. It can only be shortened later."""
    if resource.storage != "pods":
        return 0
    metadata, spec = obj["metadata"], obj.get("spec") or {}
    given = delete.grace_period_seconds
    wanted = spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE) if given is None else given
    if not spec.get("nodeName") or (obj.get("status") or {}).get("phase") in _FINISHED:
        wanted = 0
    wanted = 1 if wanted < 0 else wanted
    if "deletionTimestamp" not in metadata:
        return int(wanted)
    granted = int(metadata.get("deletionGracePeriodSeconds") or 0)
    return granted if given is None else min(granted, wanted)


def _with_propagation(obj: dict[str, Any], propagation: Propagation | None) -> dict[str, Any]:
    if propagation is None:
        return obj
    before = obj["metadata"].get("finalizers") or []
    finalizers = [each for each in before if each not in (_FOREGROUND, _ORPHAN)]
    finalizers += _MARKS[propagation]
    if sorted(finalizers) == sorted(before):
        return obj
    metadata = {key: value for key, value in obj["metadata"].items() if key != "finalizers"}
    return {**obj, "metadata": metadata | ({"finalizers": finalizers} if finalizers else {})}


def _mark(obj: dict[str, Any], grace: int, now: datetime) -> dict[str, Any]:
    metadata = obj["metadata"]
    if "deletionTimestamp" not in metadata:
        marks = {
            "deletionTimestamp": format_time(now + timedelta(seconds=grace)),
            "deletionGracePeriodSeconds": grace,
        }
        generation = {"generation": metadata["generation"] + 1} if "generation" in metadata else {}
        return {**obj, "metadata": {**metadata, **generation, **marks}}
    granted = int(metadata.get("deletionGracePeriodSeconds") or 0)
    if grace >= granted:
        return obj
    sooner = datetime.fromisoformat(metadata["deletionTimestamp"]) - timedelta(seconds=granted - grace)
    marks = {"deletionTimestamp": format_time(sooner), "deletionGracePeriodSeconds": grace}
    return {**obj, "metadata": {**metadata, **marks}}


def _mark_namespace(namespace: dict[str, Any], now: datetime) -> dict[str, Any]:
    if "deletionTimestamp" in namespace["metadata"]:
        return namespace
    metadata = {**namespace["metadata"], "deletionTimestamp": format_time(now)}
    status = {**(namespace.get("status") or {}), "phase": "Terminating"}
    return {**namespace, "metadata": metadata, "status": status}
