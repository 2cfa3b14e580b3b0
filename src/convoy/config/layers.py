"""An immutable mapping by object key that is cheap to change: the next one shares what did not change.

It consists of a dict for each kind and namespace. A changed copy copies the dicts that it touches, which runs
at the speed of C, and shares all others.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeVar, overload

from convoy.api.meta import ObjectKey

V = TypeVar("V")
D = TypeVar("D")


class Layers(Mapping[ObjectKey, V]):
    """Values by object key; immutable."""

    __slots__ = ("_kinds",)

    def __init__(self, by_key: Mapping[ObjectKey, V] | None = None) -> None:
        self._kinds: dict[str, dict[str, dict[ObjectKey, V]]] = {}
        for key, value in (by_key or {}).items():
            self._kinds.setdefault(key.kind, {}).setdefault(key.namespace, {})[key] = value

    def changed(self, changes: Mapping[ObjectKey, V | None]) -> Self:
        """The same with these values; without the keys whose value is None."""
        by_place: dict[str, dict[str, dict[ObjectKey, V | None]]] = {}
        for key, value in changes.items():
            by_place.setdefault(key.kind, {}).setdefault(key.namespace, {})[key] = value
        made = type(self)()
        made._kinds = self._kinds.copy()
        for kind, by_namespace in by_place.items():
            namespaces = made._kinds[kind] = self._kinds.get(kind, {}).copy()
            for namespace, changed in by_namespace.items():
                layer = namespaces[namespace] = _change_layer(namespaces.get(namespace, {}), changed)
                if not layer:
                    del namespaces[namespace]
        return made

    @overload
    def get(self, key: ObjectKey, /) -> V | None: ...

    @overload
    def get(self, key: ObjectKey, /, default: V | D) -> V | D: ...

    def get(self, key: ObjectKey, /, default: Any = None) -> Any:
        """The value, or `default`; spelled out because it is asked for very often."""
        namespaces = self._kinds.get(key.kind)
        layer = None if namespaces is None else namespaces.get(key.namespace)
        return default if layer is None else layer.get(key, default)

    def __getitem__(self, key: ObjectKey) -> V:
        try:
            return self._kinds[key.kind][key.namespace][key]
        except KeyError:
            raise KeyError(key) from None

    def __iter__(self) -> Iterator[ObjectKey]:
        for namespaces in self._kinds.values():
            for layer in namespaces.values():
                yield from layer

    def __len__(self) -> int:
        return sum(len(layer) for namespaces in self._kinds.values() for layer in namespaces.values())


def _change_layer(layer: dict[ObjectKey, V], changes: Mapping[ObjectKey, V | None]) -> dict[ObjectKey, V]:
    changed = layer.copy()
    for key, value in changes.items():
        if value is None:
            changed.pop(key, None)
        else:
            changed[key] = value
    return changed
