"""Who owns what: controller references, and which objects a controller may call its own. Pure.

The rules of adoption are those of
https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#non-template-pod-acquisitions.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from convoy.cluster.controllers.objects import (
    Json,
    is_deleting,
    labels_of,
    metadata_of,
    name_of,
    uid_of,
)

Matcher = Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True, slots=True)
class Claims:
    """`owned` are the owner's already; `adopt` match and belong to nobody; `release` no longer match."""

    owned: tuple[Json, ...] = ()
    adopt: tuple[Json, ...] = ()
    release: tuple[Json, ...] = ()


def owner_references(obj: Json) -> list[Json]:
    """Every owner reference of an object."""
    return list(metadata_of(obj).get("ownerReferences") or ())


def controller_of(obj: Json) -> Json | None:
    """The reference to the one owner that controls an object."""
    return next((ref for ref in owner_references(obj) if ref.get("controller")), None)


def is_controlled_by(obj: Json, owner: Json) -> bool:
    """Whether `owner` itself, not only one of its name, controls the object."""
    ref = controller_of(obj)
    return ref is not None and ref.get("uid") == uid_of(owner)


def controller_reference(owner: Json) -> Json:
    """The reference that says `owner` controls an object."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def plan_claims(owner: Json, matches: Matcher, candidates: Iterable[Json]) -> Claims:
    """What of the candidates (of the owner's namespace) is its own, becomes it, or no longer is.

    A deleted owner neither adopts nor releases; a deleted object is not adopted.
    """
    owned, adopt, release = [], [], []
    for item in candidates:
        ref = controller_of(item)
        if ref is not None:
            if ref.get("uid") != uid_of(owner):
                continue
            if matches(labels_of(item)):
                owned.append(item)
            elif not is_deleting(owner):
                release.append(item)
        elif matches(labels_of(item)) and not is_deleting(item) and not is_deleting(owner):
            adopt.append(item)
    return Claims(tuple(owned), tuple(adopt), tuple(release))


def with_owner(obj: Json, owner: Json) -> Json:
    """Add the controller reference to a private copy, unless it has another controller by now."""
    if controller_of(obj) is None:
        obj["metadata"]["ownerReferences"] = [*owner_references(obj), controller_reference(owner)]
    return obj


def without_owner(obj: Json, owner_uid: str) -> Json:
    """Take the references to an owner out of a private copy."""
    left = [ref for ref in owner_references(obj) if ref.get("uid") != owner_uid]
    if left:
        obj["metadata"]["ownerReferences"] = left
    else:
        obj["metadata"].pop("ownerReferences", None)
    return obj
