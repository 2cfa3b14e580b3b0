"""What controllers read in a pod, and how they make one from a template. Pure."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from convoy.cluster.controllers.objects import (
    Json,
    annotations_of,
    copy_of,
    created_at,
    is_deleting,
    metadata_of,
    namespace_of,
    spec_of,
    status_of,
)
from convoy.cluster.controllers.owners import controller_reference
from convoy.cluster.machinery.conditions import find_condition, is_true
from convoy.kit.times import parse_time

PODS = "pods"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"

_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def phase_of(pod: Json) -> str:
    """Its phase; a pod nobody has looked at is Pending."""
    return str(status_of(pod).get("phase") or "Pending")


def is_finished(pod: Json) -> bool:
    """Whether all its containers ended for good."""
    return phase_of(pod) in ("Succeeded", "Failed")


def is_active(pod: Json) -> bool:
    """Whether it counts towards replicas: neither finished nor being deleted."""
    return not is_finished(pod) and not is_deleting(pod)


def is_ready(pod: Json) -> bool:
    """Whether its Ready condition is true."""
    return is_true(pod, "Ready")


def ready_since(pod: Json) -> datetime | None:
    """Since when it is ready; None when it is not."""
    condition = find_condition(pod, "Ready")
    if condition is None or condition.get("status") != "True":
        return None
    return parse_time(condition.get("lastTransitionTime"))


def seconds_to_available(pod: Json, min_ready: int, now: datetime) -> float | None:
    """0 for a pod that has been ready long enough, else how long it takes yet; None when it is not ready."""
    if not is_ready(pod):
        return None
    since = ready_since(pod)
    if not min_ready or since is None:
        return 0.0
    return max(0.0, (since + timedelta(seconds=min_ready) - now).total_seconds())


def is_available(pod: Json, min_ready: int, now: datetime) -> bool:
    """Whether it has been ready for `min_ready` seconds."""
    return seconds_to_available(pod, min_ready, now) == 0.0


def restart_count(pod: Json) -> int:
    """The most restarts that one of its containers had."""
    statuses = status_of(pod).get("containerStatuses") or ()
    return max((int(each.get("restartCount") or 0) for each in statuses), default=0)


def deletion_order(pod: Json, *, on_same_node: int) -> tuple[Any, ...]:
    """A sort key: what a smaller number of replicas costs first.

    Unassigned before assigned, pending before running, unready before ready, cheaper by annotation, crowded
    nodes before others (`on_same_node` counts the set's pods there), then the least time ready, the most
    restarts, the youngest.
    """
    since = ready_since(pod)
    return (
        bool(spec_of(pod).get("nodeName")),
        _PHASES.get(phase_of(pod), 0),
        is_ready(pod),
        _deletion_cost(pod),
        -on_same_node,
        -since.timestamp() if since else 0.0,
        -restart_count(pod),
        _reversed_text(created_at(pod)),
        metadata_of(pod).get("name", ""),
    )


def _deletion_cost(pod: Json) -> int:
    try:
        return int(annotations_of(pod).get(DELETION_COST) or 0)
    except ValueError:
        return 0


def _reversed_text(text: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in text)


def random_suffix() -> str:
    """Five letters that end a generated name."""
    return "".join(random.choices(_ALPHABET, k=5))


def pod_of_template(
    owner: Json, template: Json, *, name: str = "", labels: Mapping[str, str] | None = None
) -> Json:
    """A pod as `owner` makes it: named, or by its prefix; `labels` are added to the template's."""
    template_meta = metadata_of(template)
    metadata: Json = {"namespace": namespace_of(owner)}
    if name:
        metadata["name"] = name
    else:
        metadata["generateName"] = f"{metadata_of(owner)['name']}-"
    metadata["labels"] = {**(template_meta.get("labels") or {}), **(labels or {})}
    if annotations := template_meta.get("annotations"):
        metadata["annotations"] = dict(annotations)
    if finalizers := template_meta.get("finalizers"):
        metadata["finalizers"] = list(finalizers)
    metadata["ownerReferences"] = [controller_reference(owner)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": copy_of(spec_of(template))}
