"""Which volume a claim gets, and what bound objects look like. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from convoy.cluster.controllers.bootstrap import PROVISIONER
from convoy.cluster.controllers.objects import (
    Json,
    annotations_of,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    spec_of,
    uid_of,
    without_empty,
)
from convoy.cluster.controllers.recording import EventKind
from convoy.cluster.schema.quantities import parse_quantity
from convoy.cluster.store.selectors import label_selector_of

CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
VOLUME_PROTECTION = "kubernetes.io/pv-protection"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


@dataclass(frozen=True, slots=True)
class Bind:
    """The claim gets this volume."""

    volume: Json


@dataclass(frozen=True, slots=True)
class Provision:
    """A volume of this class is made for the claim."""

    storage_class: Json


@dataclass(frozen=True, slots=True)
class Wait:
    """There is none, with the reason and message of the event that says why."""

    reason: str
    message: str
    kind: EventKind = "Normal"


Decision = Bind | Provision | Wait


def plan_claim(
    claim: Json, volumes: Iterable[Json], classes: Sequence[Json], *, can_provision: bool
) -> Decision:
    """How an unbound claim comes to a volume."""
    wanted = spec_of(claim).get("storageClassName")
    storage_class = default_class(classes) if wanted is None else _named(classes, wanted)
    class_name = wanted if wanted is not None else (name_of(storage_class) if storage_class else "")
    volume = find_volume(claim, volumes, class_name)
    if volume is not None:
        return Bind(volume)
    if named := spec_of(claim).get("volumeName"):
        return Wait(
            "FailedBinding", f'volume "{named}" does not exist, or is not free for this claim', "Warning"
        )
    if not class_name:
        text = "no persistent volumes available for this claim and no storage class is set"
        return Wait("FailedBinding", text)
    if storage_class is None:
        text = f'storageclass.storage.k8s.io "{class_name}" not found'
        return Wait("ProvisioningFailed", text, "Warning")
    return _plan_provisioning(claim, storage_class, can_provision=can_provision)


def _plan_provisioning(claim: Json, storage_class: Json, *, can_provision: bool) -> Decision:
    provisioner = storage_class.get("provisioner")
    if provisioner == "kubernetes.io/no-provisioner":
        text = "no persistent volumes available for this claim and its storage class makes none"
        return Wait("FailedBinding", text)
    if provisioner != PROVISIONER:
        text = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or "
            "manually by the system administrator. If volume creation is delayed, please verify that the "
            "provisioner is running and correctly registered."
        )
        return Wait("ExternalProvisioning", text)
    if spec_of(claim).get("volumeMode") == "Block":
        return Wait("ProvisioningFailed", "the embedded cluster has no block devices to give", "Warning")
    if not can_provision:
        return Wait("ProvisioningFailed", "the embedded cluster keeps no volumes", "Warning")
    return Provision(storage_class)


def default_class(classes: Sequence[Json]) -> Json | None:
    """The class of claims that name none; the youngest of several."""
    marked = [
        each for each in classes if any(annotations_of(each).get(name) == "true" for name in _DEFAULT_CLASS)
    ]
    return max(marked, key=lambda each: each["metadata"].get("creationTimestamp") or "", default=None)


def _named(classes: Sequence[Json], name: str) -> Json | None:
    return next((each for each in classes if name_of(each) == name), None)


def find_volume(claim: Json, volumes: Iterable[Json], class_name: str) -> Json | None:
    """The volume kept for the claim, else the smallest free one that suits."""
    suiting = [each for each in volumes if not is_deleting(each) and _suits(claim, each, class_name)]
    named = spec_of(claim).get("volumeName")
    if named:
        return next((each for each in suiting if name_of(each) == named), None)
    suiting.sort(key=lambda each: (not spec_of(each).get("claimRef"), _capacity(each), name_of(each)))
    return suiting[0] if suiting else None


def _suits(claim: Json, volume: Json, class_name: str) -> bool:
    spec, wanted = spec_of(volume), spec_of(claim)
    ref, selector = spec.get("claimRef"), wanted.get("selector")
    if ref is not None and not is_reserved_for(ref, claim):
        return False
    if ref is None and selector and not label_selector_of(selector).matches(labels_of(volume)):
        return False
    needed = (wanted.get("resources") or {}).get("requests") or {}
    return (
        (spec.get("storageClassName") or "") == class_name
        and set(wanted.get("accessModes") or ()) <= set(spec.get("accessModes") or ())
        and (spec.get("volumeMode") or "Filesystem") == (wanted.get("volumeMode") or "Filesystem")
        and _capacity(volume) >= parse_quantity(str(needed.get("storage") or "0"))
    )


def _capacity(volume: Json) -> Decimal:
    return parse_quantity(str((spec_of(volume).get("capacity") or {}).get("storage") or "0"))


def is_reserved_for(ref: Json, claim: Json) -> bool:
    """Whether a volume's claimRef means this very claim; without a uid it means any of that name."""
    if (ref.get("namespace"), ref.get("name")) != (namespace_of(claim), name_of(claim)):
        return False
    return not ref.get("uid") or ref["uid"] == uid_of(claim)


def claim_reference(claim: Json) -> Json:
    """The claimRef of the volume that a claim has."""
    return {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "namespace": namespace_of(claim),
        "name": name_of(claim),
        "uid": uid_of(claim),
        "resourceVersion": claim["metadata"].get("resourceVersion", ""),
    }


def build_volume(claim: Json, storage_class: Json, folder: Path) -> Json:
    """The volume that is made for a claim: a folder of its own."""
    requests = (spec_of(claim).get("resources") or {}).get("requests") or {}
    name = f"pvc-{uid_of(claim)}"
    return {
        "metadata": {
            "name": name,
            "annotations": {PROVISIONED_BY: PROVISIONER},
            "finalizers": [VOLUME_PROTECTION],
        },
        "spec": {
            "capacity": {"storage": requests.get("storage", "0")},
            "accessModes": list(spec_of(claim).get("accessModes") or ()),
            "volumeMode": "Filesystem",
            "storageClassName": name_of(storage_class),
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy") or "Delete",
            "hostPath": {"path": str(folder / name), "type": "DirectoryOrCreate"},
            "claimRef": claim_reference(claim),
            **without_empty({"mountOptions": storage_class.get("mountOptions")}),
        },
    }


def bound_claim(claim: Json, volume: Json) -> Json:
    """A private copy of the claim, with the volume in its spec."""
    annotations = {**annotations_of(claim), BIND_COMPLETED: "yes"}
    if not spec_of(claim).get("volumeName"):
        annotations[BOUND_BY_CONTROLLER] = "yes"
    claim["spec"] = {
        **spec_of(claim),
        "volumeName": name_of(volume),
        "storageClassName": spec_of(volume).get("storageClassName") or "",
    }
    claim["metadata"]["annotations"] = annotations
    return claim


def claim_status(volume: Json) -> Json:
    """The status of a claim that has this volume."""
    return {
        "phase": "Bound",
        "accessModes": list(spec_of(volume).get("accessModes") or ()),
        "capacity": dict(spec_of(volume).get("capacity") or {}),
    }


def claims_of_pod(pod: Json) -> list[str]:
    """The names of the claims that a pod uses."""
    names = []
    for volume in spec_of(pod).get("volumes") or ():
        if source := volume.get("persistentVolumeClaim"):
            names.append(str(source.get("claimName")))
        elif "ephemeral" in volume:
            names.append(f"{name_of(pod)}-{volume['name']}")
    return names
