"""CustomResourceDefinitions as they are kept: whose names they have, and whether they are served; pure.

A definition is established in the same write that creates it, so that objects of its kind can follow at once
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from convoy.cluster.machinery.conditions import find_condition, is_true, new_condition, transition_time
from convoy.kit.times import format_time

Object = dict[str, Any]

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
_NAMES = ("plural", "singular", "shortNames", "kind", "listKind", "categories")


def with_status(crd: Object, others: Iterable[Object], now: datetime) -> Object:
    """The definition with its names accepted, unless others of its group have them, and established."""
    status = crd.get("status") or {}
    conflict = find_conflict(crd, others)
    accepted = _condition(
        "NamesAccepted", conflict is None, conflict or ("NoConflicts", "no conflicts found")
    )
    is_established = conflict is None or is_true(crd, "Established")
    established = _condition("Established", is_established, _establishing(is_established))
    fresh = (accepted, established)
    conditions = [
        each
        for each in status.get("conditions") or ()
        if each["type"] not in ("NamesAccepted", "Established")
    ]
    conditions = [*(_since(each, crd, now) for each in fresh), *conditions]
    names = (
        crd["spec"]["names"]
        if conflict is None
        else status.get("acceptedNames") or {"plural": "", "kind": ""}
    )
    return {
        **crd,
        "status": {
            "conditions": conditions,
            "acceptedNames": {key: names[key] for key in _NAMES if key in names},
            "storedVersions": _stored_versions(crd),
        },
    }


def is_established(crd: Object) -> bool:
    """Whether its objects are served."""
    return is_true(crd, "Established")


def awaits_cleanup(crd: Object) -> bool:
    """Whether it is being deleted and stays only until its objects are gone."""
    metadata = crd["metadata"]
    return "deletionTimestamp" in metadata and CLEANUP in (metadata.get("finalizers") or ())


def terminating(crd: Object, now: datetime) -> Object:
    """The definition while its objects go."""
    metadata = crd["metadata"]
    finalizers = metadata.get("finalizers") or []
    if CLEANUP not in finalizers:
        metadata = {**metadata, "finalizers": [*finalizers, CLEANUP]}
    condition = _condition(
        "Terminating", True, ("InstanceDeletionInProgress", "CustomResource deletion is in progress")
    )
    status = crd.get("status") or {}
    others = [each for each in status.get("conditions") or () if each["type"] != "Terminating"]
    status = {**status, "conditions": [*others, _since(condition, crd, now)]}
    return {**crd, "metadata": metadata, "status": status}


def without_cleanup(crd: Object) -> Object:
    """The definition once its objects are gone."""
    metadata = dict(crd["metadata"])
    finalizers = [each for each in metadata.pop("finalizers", ()) if each != CLEANUP]
    return {**crd, "metadata": metadata | ({"finalizers": finalizers} if finalizers else {})}


def find_conflict(crd: Object, others: Iterable[Object]) -> tuple[str, str] | None:
    """Reason and message of the first name that an accepted definition of the same group has already."""
    taken, kinds = _taken_names(crd, others)
    names = crd["spec"]["names"]
    asked = [
        ("PluralConflict", names["plural"], taken),
        ("SingularConflict", names.get("singular", ""), taken),
        *(("ShortNamesConflict", short, taken) for short in names.get("shortNames") or ()),
        ("KindConflict", names["kind"], kinds),
        ("ListKindConflict", names.get("listKind", ""), kinds),
    ]
    for reason, name, used in asked:
        if name and name in used:
            return reason, f'"{name}" is already in use'
    return None


def _taken_names(crd: Object, others: Iterable[Object]) -> tuple[set[str], set[str]]:
    taken: set[str] = set()
    kinds: set[str] = set()
    for other in others:
        if (
            other["metadata"]["name"] == crd["metadata"]["name"]
            or other["spec"]["group"] != crd["spec"]["group"]
        ):
            continue
        names = (other.get("status") or {}).get("acceptedNames") or {}
        taken |= {names.get("plural", ""), names.get("singular", ""), *(names.get("shortNames") or ())}
        kinds |= {names.get("kind", ""), names.get("listKind", "")}
    return taken, kinds


def _establishing(is_established: bool) -> tuple[str, str]:
    if is_established:
        return "InitialNamesAccepted", "the initial names have been accepted"
    return "NotAccepted", "not all names are accepted"


def _stored_versions(crd: Object) -> list[str]:
    before = (crd.get("status") or {}).get("storedVersions") or []
    storage = [version["name"] for version in crd["spec"]["versions"] if version.get("storage")]
    return [*before, *(name for name in storage if name not in before)]


def _condition(kind: str, holds: bool, why: tuple[str, str]) -> Object:
    return new_condition(kind, "True" if holds else "False", *why)


def _since(condition: Object, crd: Object, now: datetime) -> Object:
    """The condition with its time: that of the last change of its status."""
    before = find_condition(crd, condition["type"])
    since = transition_time(before, condition["status"], format_time(now))
    return {**condition, "lastTransitionTime": since}
