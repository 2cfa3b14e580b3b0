"""Revisions of a Deployment: the set of a new template, and the annotations of kubectl's history. Pure.

`kubectl rollout undo` puts an old set's template back; that set is the new one again and gets the next
number, and the number it had moves into its revision history.
"""

from collections.abc import Mapping, Sequence

from convoy.cluster.controllers.deployments.sets import (
    DESIRED,
    HASH_LABEL,
    MAXIMUM,
    REVISION,
    REVISION_HISTORY,
    Limits,
    limits_of,
    number_in,
)
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
)
from convoy.cluster.controllers.owners import controller_reference

_NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
        REVISION,
        REVISION_HISTORY,
        DESIRED,
        MAXIMUM,
    }
)
_LONGEST_HISTORY = 2000  # characters


def revision_of(obj: Json) -> int:
    """The revision that an annotation tells; 0 when none does."""
    return number_in(obj, REVISION) or 0


def next_revision(old: Sequence[Json]) -> int:
    """One more than the old sets ever had."""
    return max(map(revision_of, old), default=0) + 1


def size_annotations(limits: Limits) -> dict[str, str]:
    """What a set remembers of the Deployment's size, for scaling in proportion later."""
    return {DESIRED: str(limits.wanted), MAXIMUM: str(limits.most)}


def new_set_annotations(deployment: Json, replica_set: Json | None, revision: int) -> Mapping[str, str]:
    """The annotations of the new set: the Deployment's own, its revision, and the revisions it had before."""
    own = {name: text for name, text in annotations_of(deployment).items() if name not in _NOT_COPIED}
    if replica_set is None:
        return {**own, REVISION: str(revision)}
    before = annotations_of(replica_set)
    wanted = {**before, **own}
    had = revision_of(replica_set)
    if had < revision:
        wanted[REVISION] = str(revision)
        if had:
            wanted[REVISION_HISTORY] = _longer_history(before.get(REVISION_HISTORY, ""), had)
    return wanted


def _longer_history(history: str, revision: int) -> str:
    numbers = [*filter(None, history.split(",")), str(revision)]
    while len(",".join(numbers)) > _LONGEST_HISTORY:
        numbers.pop(0)
    return ",".join(numbers)


def build_new_set(deployment: Json, revision: int, *, replicas: int) -> Json:
    """The ReplicaSet of the current template."""
    template = copy_of(spec_of(deployment)["template"])
    hashed = template_hash(template, status_of(deployment).get("collisionCount"))
    template.setdefault("metadata", {})["labels"] = {**labels_of(template), HASH_LABEL: hashed}
    selector = copy_of(spec_of(deployment).get("selector") or {})
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH_LABEL: hashed}
    min_ready = spec_of(deployment).get("minReadySeconds")
    return {
        "metadata": {
            "name": f"{name_of(deployment)}-{hashed}",
            "namespace": namespace_of(deployment),
            "labels": dict(template["metadata"]["labels"]),
            "annotations": {
                **new_set_annotations(deployment, None, revision),
                **size_annotations(limits_of(deployment)),
            },
            "ownerReferences": [controller_reference(deployment)],
        },
        "spec": {
            "replicas": replicas,
            **({"minReadySeconds": min_ready} if min_ready else {}),
            "selector": selector,
            "template": template,
        },
    }
