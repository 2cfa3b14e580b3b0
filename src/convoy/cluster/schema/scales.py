"""The scale subresource of custom resources: where its numbers stand, and whether they are numbers."""

from typing import Any, Final

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording
from convoy.cluster.schema.custom import ScalePaths

_MOST: Final = (1 << 31) - 1


def validate_scale(paths: ScalePaths, obj: dict[str, Any]) -> list[Cause]:
    """Causes for replica counts that are no counts, and for a selector that is no text."""
    causes = [
        cause
        for path in (paths.spec_replicas, paths.status_replicas)
        if (cause := _validate_count(path, value_at(obj, path))) is not None
    ]
    if paths.selector:
        selector = value_at(obj, paths.selector)
        if selector is not None and not isinstance(selector, str):
            why = f"{paths.selector} accessor error: {wording.printed(selector)} is not of the type string"
            causes.append(wording.invalid(paths.selector, "", why))
    return causes


def _validate_count(path: str, value: Any) -> Cause | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        why = f"{path} accessor error: {wording.printed(value)} is not of the type int64"
        return wording.invalid(path, 0, why)
    if value < 0:
        return wording.invalid(path, value, "should be a non-negative integer")
    if value > _MOST:
        return wording.invalid(path, value, f"should be less than or equal to {_MOST}")
    return None


def value_at(obj: Any, path: str) -> Any:
    """What stands at a simple path such as `.spec.replicas`; None when there is nothing."""
    for name in path.removeprefix(".").split("."):
        if not isinstance(obj, dict):
            return None
        obj = obj.get(name)
    return obj
