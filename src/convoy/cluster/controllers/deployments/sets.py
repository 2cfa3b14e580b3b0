"""A Deployment and its ReplicaSets as the planning sees them: sizes, limits, the new set, the old. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from convoy.cluster.controllers.objects import (
    Json,
    annotations_of,
    created_at,
    labels_of,
    metadata_of,
    name_of,
    spec_of,
    status_of,
)
from convoy.cluster.controllers.replicas import wanted_replicas
from convoy.cluster.machinery.amounts import resolve_amount

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rolling update must keep to, in pods."""

    wanted: int
    surge: int
    unavailable: int

    @property
    def most(self) -> int:
        """The largest total of all sets' replicas."""
        return self.wanted + self.surge

    @property
    def least_available(self) -> int:
        """How many pods must stay available."""
        return self.wanted - self.unavailable


def is_recreate(deployment: Json) -> bool:
    """Whether old pods end before new ones begin."""
    return (spec_of(deployment).get("strategy") or {}).get("type") == "Recreate"


def limits_of(deployment: Json) -> Limits:
    """The limits in numbers; surge is rounded up, unavailability down, and one of them is at least 1."""
    wanted = wanted_replicas(deployment)
    if is_recreate(deployment):
        return Limits(wanted, 0, 0)
    rolling = (spec_of(deployment).get("strategy") or {}).get("rollingUpdate") or {}
    surge = resolve_amount(rolling.get("maxSurge"), wanted, round_up=True, default="25%")
    unavailable = resolve_amount(rolling.get("maxUnavailable"), wanted, round_up=False, default="25%")
    if surge == 0 and unavailable == 0:
        unavailable = 1  # otherwise nothing could ever move
    return Limits(wanted, surge, min(unavailable, wanted))


def size_of(replica_set: Json) -> int:
    """The pods a set is asked for."""
    return wanted_replicas(replica_set)


def total_size(sets: Iterable[Json]) -> int:
    """The pods several sets are asked for."""
    return sum(map(size_of, sets))


def count(replica_set: Json, field: str) -> int:
    """A number of a set's status."""
    return int(status_of(replica_set).get(field) or 0)


def total(sets: Iterable[Json], field: str) -> int:
    """A number of several sets' statuses."""
    return sum(count(each, field) for each in sets)


def is_active_set(replica_set: Json) -> bool:
    """Whether it is asked for any pods."""
    return size_of(replica_set) > 0


def oldest_first(sets: Iterable[Json]) -> list[Json]:
    """By age, then name."""
    return sorted(sets, key=lambda each: (created_at(each), name_of(each)))


def number_in(replica_set: Json, annotation: str) -> int | None:
    """A number kept in an annotation."""
    text = annotations_of(replica_set).get(annotation, "")
    return int(text) if text.isdecimal() else None


def _plain_template(template: Json) -> Json:
    metadata = dict(metadata_of(template))
    labels = {name: value for name, value in labels_of(template).items() if name != HASH_LABEL}
    metadata.pop("labels", None)
    metadata = {name: value for name, value in metadata.items() if value not in (None, {}, [])}
    return {"metadata": {**metadata, **({"labels": labels} if labels else {})}, "spec": spec_of(template)}


def is_of_template(replica_set: Json, deployment: Json) -> bool:
    """Whether a set makes the pods that the Deployment asks for now."""
    mine = _plain_template(spec_of(replica_set).get("template") or {})
    return mine == _plain_template(spec_of(deployment).get("template") or {})


def new_set_of(deployment: Json, sets: Sequence[Json]) -> Json | None:
    """The set of the current template; the oldest, should there be several."""
    return next((each for each in oldest_first(sets) if is_of_template(each, deployment)), None)


def old_sets_of(sets: Sequence[Json], new: Json | None) -> list[Json]:
    """All sets but the new one, oldest first."""
    return [each for each in oldest_first(sets) if each is not new]


def is_complete(deployment: Json, sets: Sequence[Json]) -> bool:
    """Whether all pods there are, are available and of the current template, and as many as asked for."""
    new = new_set_of(deployment, sets)
    wanted = wanted_replicas(deployment)
    return (
        (count(new, "replicas") if new else 0) == wanted
        and total(sets, "replicas") == wanted
        and total(sets, "availableReplicas") == wanted
    )
