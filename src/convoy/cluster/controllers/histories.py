"""ControllerRevisions: the templates that a StatefulSet or DaemonSet had, numbered.

`kubectl rollout history` and `undo` read them: `data` is a strategic merge patch of the owner that puts its
template back as a whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from convoy.cluster.controllers.clients import Client
from convoy.cluster.controllers.hashes import template_hash
from convoy.cluster.controllers.objects import (
    Json,
    annotations_of,
    copy_of,
    labels_of,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    without_empty,
)
from convoy.cluster.controllers.owners import controller_reference, is_controlled_by

REVISIONS = "apps/controllerrevisions"
REVISION_LABEL = "controller-revision-hash"  # on pods
_NOT_COPIED = frozenset(
    {"kubectl.kubernetes.io/last-applied-configuration", "deprecated.daemonset.template.generation"}
)
_DEFAULT_LIMIT = 10


@dataclass(frozen=True, slots=True)
class History:
    """The revisions of an owner, oldest first, the one of its present template, and collisions of names."""

    revisions: tuple[Json, ...]
    update: Json
    collisions: int = 0

    def named(self, name: str) -> Json | None:
        """The revision of that name."""
        return next((each for each in self.revisions if name_of(each) == name), None)


def revision_data(owner: Json) -> Json:
    """The owner's present template as a patch."""
    return {"spec": {"template": {**copy_of(spec_of(owner)["template"]), "$patch": "replace"}}}


def template_in(revision: Json) -> Json:
    """The template that a revision keeps, without the patch's mark."""
    template = (revision.get("data") or {}).get("spec", {}).get("template") or {}
    return {name: value for name, value in template.items() if name != "$patch"}


def number_of(revision: Json) -> int:
    """Its number."""
    return int(revision.get("revision") or 0)


def sorted_revisions(owner: Json, candidates: Iterable[Json]) -> list[Json]:
    """Those of the owner, by number and name."""
    own = (each for each in candidates if is_controlled_by(each, owner))
    return sorted(own, key=lambda each: (number_of(each), name_of(each)))


def build_revision(owner: Json, number: int, *, hash_label: str, collisions: int) -> Json:
    """The revision of the owner's present template."""
    data = revision_data(owner)
    hashed = template_hash(data, collisions)
    annotations = {key: text for key, text in annotations_of(owner).items() if key not in _NOT_COPIED}
    return {
        "metadata": {
            "name": f"{name_of(owner)[:200]}-{hashed}",
            "namespace": namespace_of(owner),
            "labels": {**labels_of(spec_of(owner)["template"]), hash_label: hashed},
            **without_empty({"annotations": annotations}),
            "ownerReferences": [controller_reference(owner)],
        },
        "data": data,
        "revision": number,
    }


def plan_forgetting(owner: Json, revisions: Sequence[Json], live: Iterable[str]) -> list[Json]:
    """The oldest revisions beyond the limit, leaving alone those whose names are in `live`."""
    limit = spec_of(owner).get("revisionHistoryLimit")
    kept = set(live)
    past = [each for each in revisions if name_of(each) not in kept]
    surplus = len(past) - (_DEFAULT_LIMIT if limit is None else int(limit))
    return past[: max(0, surplus)]


async def keep_history(client: Client, owner: Json, *, hash_label: str) -> History:
    """The owner's history with a revision of its present template; makes or renumbers it if need be."""
    revisions = sorted_revisions(owner, client.list(REVISIONS, namespace_of(owner)))
    next_number = number_of(revisions[-1]) + 1 if revisions else 1
    data = revision_data(owner)
    collisions = int(status_of(owner).get("collisionCount") or 0)
    same = next((each for each in reversed(revisions) if each.get("data") == data), None)
    if same is not None and same is revisions[-1]:
        return History(tuple(revisions), same, collisions)
    if same is not None:
        moved = await client.modify(REVISIONS, same, lambda current: {**current, "revision": next_number})
        return History(
            (*(each for each in revisions if each is not same), moved or same), moved or same, collisions
        )
    for tried in count(collisions):
        body = build_revision(owner, next_number, hash_label=hash_label, collisions=tried)
        if client.get(REVISIONS, namespace_of(owner), body["metadata"]["name"]) is None:
            made = await client.create(REVISIONS, body)
            return History((*revisions, made), made, tried)
    raise AssertionError("unreachable")
