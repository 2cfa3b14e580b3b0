"""JSON merge patch (RFC 7386).

One thing is the API server's own: nulls are dropped from what the patch brings in, also from objects in
new lists.
"""

from collections.abc import Mapping
from typing import Any

from convoy.cluster.machinery.statuses import bad_request
from convoy.cluster.patches.refusals import private_copy


def apply_merge_patch(obj: Mapping[str, Any], patch: Any) -> dict[str, Any]:
    """The patched object; StatusError 400 when the patch is no object."""
    if not isinstance(patch, dict):
        raise bad_request("Invalid JSON Patch")
    target: dict[str, Any] = private_copy(obj)
    _merge(target, private_copy(patch))
    return target


def _merge(target: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        current = target.get(key)
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(current, dict):
            _merge(current, value)
        else:
            target[key] = without_nulls(value)


def without_nulls(value: Any) -> Any:
    """The value, less what is null in its objects; lists keep theirs."""
    if isinstance(value, dict):
        return {key: without_nulls(child) for key, child in value.items() if child is not None}
    if isinstance(value, list):
        return [without_nulls(child) for child in value]
    return value
