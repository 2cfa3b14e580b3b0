"""An immutable mapping by object key that is cheap to change: the next one shares what did not change.

It consists of one dict for each kind. A changed copy copies the dicts of the kinds that it touches, which
runs at the speed of C, and shares all others.
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
        self._kinds: dict[str, dict[ObjectKey, V]] = {}
        for key, value in (by_key or {}).items():
            self._kinds.setdefault(key.kind, {})[key] = value

    def changed(self, changes: Mapping[ObjectKey, V | None]) -> Self:
        """The same with these values; without the keys whose value is None."""
        copied: dict[str, dict[ObjectKey, V]] = {}
        for key, value in changes.items():
            layer = copied.get(key.kind)
            if layer is None:
                layer = copied[key.kind] = self._kinds.get(key.kind, {}).copy()
            if value is None:
                layer.pop(key, None)
            else:
                layer[key] = value
        made = type(self)()
        made._kinds = {kind: layer for kind, layer in {**self._kinds, **copied}.items() if layer}
        return made

    @overload
    def get(self, key: ObjectKey, /) -> V | None: ...

    @overload
    def get(self, key: ObjectKey, /, default: V | D) -> V | D: ...

    def get(self, key: ObjectKey, /, default: Any = None) -> Any:
        """The value, or `default`; spelled out because it is asked for very often."""
        layer = self._kinds.get(key.kind)
        return default if layer is None else layer.get(key, default)

    def __getitem__(self, key: ObjectKey) -> V:
        try:
            return self._kinds[key.kind][key]
        except KeyError:
            raise KeyError(key) from None

    def __iter__(self) -> Iterator[ObjectKey]:
        for layer in self._kinds.values():
            yield from layer

    def __len__(self) -> int:
        return sum(map(len, self._kinds.values()))
