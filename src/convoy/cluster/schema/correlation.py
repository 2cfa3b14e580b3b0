"""A value beside what it was before an update: what did not change is not refused for it.

Kubernetes calls this ratcheting: a rule that came later must not lock objects that are older
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-ratcheting).
"""

from collections.abc import Mapping
from typing import Any

import orjson


class Correlation:
    """One place in a new object and the same place in the old one."""

    __slots__ = ("_is_unchanged", "new", "old", "source")

    def __init__(self, new: Any, old: Any, source: Mapping[str, Any]) -> None:
        self.new = new
        self.old = old
        self.source = source
        self._is_unchanged: bool | None = None

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing changed here or below."""
        if self._is_unchanged is None:
            self._is_unchanged = _canonical(self.new) == _canonical(self.old)
        return self._is_unchanged

    def field(self, name: str) -> "Correlation | None":
        """An object's field; None when the old object did not have it."""
        if not isinstance(self.new, dict) or not isinstance(self.old, dict):
            return None
        if name not in self.new or name not in self.old:
            return None
        source = (self.source.get("properties") or {}).get(name) or self.source.get("additionalProperties")
        return Correlation(self.new[name], self.old[name], source if isinstance(source, Mapping) else {})

    def item(self, index: int) -> "Correlation | None":
        """A list's item; only in lists of type `map` is it known which item that was before."""
        if self.source.get("x-kubernetes-list-type") != "map":
            return None
        old = find_item(self.source, self.old, self.new[index])
        return None if old is None else Correlation(self.new[index], old, self.source.get("items") or {})


def find_item(source: Mapping[str, Any], items: Any, like: Any) -> dict[str, Any] | None:
    """The item of a map list that has the same keys; a key that is missing has its default."""
    if not isinstance(items, list) or not isinstance(like, dict):
        return None
    wanted = _keys(source, like)
    return next((item for item in items if isinstance(item, dict) and _keys(source, item) == wanted), None)


def _keys(source: Mapping[str, Any], item: Mapping[str, Any]) -> list[Any]:
    properties = (source.get("items") or {}).get("properties") or {}
    names = source.get("x-kubernetes-list-map-keys") or ()
    return [item.get(name, properties.get(name, {}).get("default")) for name in names]


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
