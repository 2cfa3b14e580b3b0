"""The autoscaling/v1 Scale of an object that has replicas, pure."""

from typing import Any

import orjson

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError, conflict, invalid
from convoy.cluster.machinery.statuses import field_invalid as invalid_field
from convoy.cluster.schema import ScalePaths
from convoy.cluster.store.selectors import label_selector_text

SCALE = Resource(
    group="autoscaling", version="v1", plural="scales", kind="Scale", namespaced=True, singular="scale"
)
_SHARED_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
BUILTIN_PATHS = ScalePaths(".spec.replicas", ".status.replicas")


def build_scale(obj: dict[str, Any], paths: ScalePaths) -> dict[str, Any]:
    """The Scale of an object; `status.selector` is text, as for a query."""
    metadata = obj["metadata"]
    replicas = _at(obj, paths.spec_replicas)
    status: dict[str, Any] = {"replicas": _at(obj, paths.status_replicas) or 0}
    selector = (
        _at(obj, paths.selector)
        if paths.selector
        else _selector_text((obj.get("spec") or {}).get("selector"))
    )
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in _SHARED_METADATA if key in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def wanted_replicas(scale: dict[str, Any], name: str) -> int:
    """The number that a Scale asks for; raises 422."""
    replicas: int = (scale.get("spec") or {}).get("replicas", 0)
    if replicas < 0:
        why = "must be greater than or equal to 0"
        raise invalid(SCALE, name, [invalid_field("spec.replicas", str(replicas), why)])
    return replicas


def check_scale_precondition(
    scale: dict[str, Any], obj: dict[str, Any], resource: Resource
) -> StatusError | None:
    """The conflict, when a Scale was made from another revision, or another object of that name."""
    metadata, current = scale.get("metadata") or {}, obj["metadata"]
    for key in ("uid", "resourceVersion"):
        wanted = metadata.get(key)
        if wanted and wanted != current[key]:
            return conflict(resource, current["name"])
    return None


def with_replicas(obj: dict[str, Any], paths: ScalePaths, replicas: int) -> dict[str, Any]:
    """A copy with the number set."""
    changed: dict[str, Any] = orjson.loads(orjson.dumps(obj))
    *parents, last = _steps(paths.spec_replicas)
    place = changed
    for step in parents:
        place = place.setdefault(step, {})
    place[last] = replicas
    return changed


def _steps(path: str) -> list[str]:
    return path.lstrip(".").split(".")


def _at(obj: dict[str, Any], path: str) -> Any:
    place: Any = obj
    for step in _steps(path):
        place = place.get(step) if isinstance(place, dict) else None
    return place


def _selector_text(selector: dict[str, Any] | None) -> str:
    """A LabelSelector, or the plain map of a ReplicationController, as in a query."""
    is_plain = selector is not None and not {"matchLabels", "matchExpressions"} & selector.keys()
    return label_selector_text({"matchLabels": selector} if is_plain else selector)
