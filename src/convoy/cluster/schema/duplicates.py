"""Keys that a JSON document has twice, which Go's strict decoder refuses.

The document is read a second time for this, by the parser that tells about every pair, so it is asked only
where duplicates matter: for Strict and Warn validation.
"""

import json
from collections import Counter
from typing import Any


class _Doubled:
    """An object that had keys twice."""

    __slots__ = ("keys", "values")

    def __init__(self, keys: list[str], values: dict[str, Any]) -> None:
        self.keys = keys
        self.values = values


def find_duplicates(body: bytes) -> list[str]:
    """`duplicate field "spec.replicas"` for each key that stands twice in an object of valid JSON."""
    any_doubled = False

    def pairs(found: list[tuple[str, Any]]) -> Any:
        nonlocal any_doubled
        values = dict(found)
        if len(values) == len(found):
            return values
        any_doubled = True
        return _Doubled(
            [name for name, count in Counter(name for name, _ in found).items() if count > 1], values
        )

    document = json.loads(body, object_pairs_hook=pairs)
    if not any_doubled:
        return []
    paths: list[str] = []
    _collect(document, "", paths)
    return [f'duplicate field "{path}"' for path in paths]


def _collect(value: Any, path: str, paths: list[str]) -> None:
    prefix = f"{path}." if path else ""
    if isinstance(value, _Doubled):
        paths.extend(prefix + name for name in value.keys)
        value = value.values
    if isinstance(value, dict):
        for name, child in value.items():
            _collect(child, prefix + name, paths)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _collect(item, f"{path}[{index}]", paths)
