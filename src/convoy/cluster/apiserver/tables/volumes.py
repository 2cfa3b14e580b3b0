"""Volumes, claims to them, and classes of them."""

from collections.abc import Callable, Iterable

from convoy.cluster.apiserver.tables.columns import (
    AGE,
    NAME,
    NAME_COLUMN,
    Obj,
    at,
    look,
    name_of,
    printer,
    text,
    truth,
    wide,
)
from convoy.cluster.apiserver.tables.words import NONE, UNSET

_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def _modes(modes: Iterable[str] | None) -> str:
    found = set(modes or ())
    return ",".join(short for mode, short in _MODES.items() if mode in found)


def _phase(obj: Obj) -> str:
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return look(obj, "status", "phase") or ""


def _claim(volume: Obj) -> str:
    claim = look(volume, "spec", "claimRef")
    return f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""


PERSISTENT_VOLUME = printer(
    NAME,
    text("Capacity", "How much it holds.", at("spec", "capacity", "storage", missing="0")),
    text("Access Modes", "How it may be mounted.", lambda o: _modes(look(o, "spec", "accessModes"))),
    text(
        "Reclaim Policy", "What becomes of it after its claim.", at("spec", "persistentVolumeReclaimPolicy")
    ),
    text("Status", "Whether it is free or bound.", _phase),
    text("Claim", "The claim it is bound to.", _claim),
    text("StorageClass", "Its class.", at("spec", "storageClassName")),
    text(
        "VolumeAttributesClass",
        "The class of its attributes.",
        at("spec", "volumeAttributesClassName", missing=UNSET),
    ),
    text("Reason", "Why it failed.", at("status", "reason")),
    AGE,
    wide("VolumeMode", "File system or block device.", at("spec", "volumeMode", missing=UNSET)),
)


def _claimed(claim: Obj, *keys: str) -> Obj | None:
    """What a claim was given; nothing before it is bound."""
    return look(claim, "status", *keys) if look(claim, "spec", "volumeName") else None


PERSISTENT_VOLUME_CLAIM = printer(
    NAME,
    text("Status", "Whether it is bound.", _phase),
    text("Volume", "The volume it is bound to.", at("spec", "volumeName")),
    text("Capacity", "How much it was given.", lambda o: _claimed(o, "capacity", "storage") or ""),
    text("Access Modes", "How it may be mounted.", lambda o: _modes(_claimed(o, "accessModes"))),
    text("StorageClass", "The class it asks for.", at("spec", "storageClassName")),
    text(
        "VolumeAttributesClass",
        "The class of its attributes.",
        at("spec", "volumeAttributesClassName", missing=UNSET),
    ),
    AGE,
    wide("VolumeMode", "File system or block device.", at("spec", "volumeMode", missing=UNSET)),
)


def _class_name(storage_class: Obj) -> str:
    annotations = storage_class["metadata"].get("annotations") or {}
    is_default = annotations.get(_DEFAULT_CLASS) == "true"
    return name_of(storage_class) + (" (default)" if is_default else "")


STORAGE_CLASS = printer(
    (NAME_COLUMN, lambda obj, now: _class_name(obj)),
    text("Provisioner", "Who makes its volumes.", at("provisioner")),
    text(
        "ReclaimPolicy",
        "What becomes of them after their claims.",
        at("reclaimPolicy", missing="Delete"),
    ),
    text("VolumeBindingMode", "When claims are bound.", at("volumeBindingMode", missing="Immediate")),
    text(
        "AllowVolumeExpansion",
        "Whether its volumes can grow.",
        lambda o: bool(o.get("allowVolumeExpansion")),
    ),
    AGE,
)


def _driver(key: str, *, default: bool = False) -> Callable[[Obj], bool]:
    def value(driver: Obj) -> bool:
        found = look(driver, "spec", key)
        return default if found is None else bool(found)

    return value


def _audiences(driver: Obj) -> str:
    requests = look(driver, "spec", "tokenRequests") or ()
    return ",".join(each.get("audience", "") for each in requests) or UNSET


CSI_DRIVER = printer(
    NAME,
    truth("AttachRequired", "Whether volumes are attached first.", _driver("attachRequired", default=True)),
    truth("PodInfoOnMount", "Whether it is told of the pod.", _driver("podInfoOnMount")),
    truth("StorageCapacity", "Whether it reports free space.", _driver("storageCapacity")),
    text("TokenRequests", "Audiences of the tokens it is given.", _audiences),
    truth("RequiresRepublish", "Whether it is called again and again.", _driver("requiresRepublish")),
    text(
        "Modes",
        "How long its volumes live.",
        lambda o: ",".join(look(o, "spec", "volumeLifecycleModes") or ()) or NONE,
    ),
    AGE,
)
