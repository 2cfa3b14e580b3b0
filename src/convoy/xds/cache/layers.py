"""Two mappings seen as one, without copying either.

A thousand sidecars share what their view gives them, and each has a few entries of its own: together they
hold the shared part once.
"""

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from itertools import chain
from typing import TypeVar

V = TypeVar("V")


class Layers(Mapping[str, V]):
    """What many share, then what is one's own; no name is in both."""

    __slots__ = ("own", "shared")

    def __init__(self, shared: Mapping[str, V], own: Mapping[str, V]) -> None:
        self.shared = shared
        self.own = own

    def __getitem__(self, name: str) -> V:
        return self.own[name] if name in self.own else self.shared[name]

    def __iter__(self) -> Iterator[str]:
        return chain(self.shared, self.own)

    def __len__(self) -> int:
        return len(self.shared) + len(self.own)

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in self.shared

    def items(self) -> ItemsView[str, V]:
        """Names and values, the shared ones first."""
        return _Items(self)

    def values(self) -> ValuesView[V]:
        """The values, the shared ones first."""
        return _Values(self)


# The views that Mapping gives look every name up again.
class _Items(ItemsView[str, V]):
    _mapping: Layers[V]

    def __iter__(self) -> Iterator[tuple[str, V]]:
        return chain(self._mapping.shared.items(), self._mapping.own.items())


class _Values(ValuesView[V]):
    _mapping: Layers[V]

    def __iter__(self) -> Iterator[V]:
        return chain(self._mapping.shared.values(), self._mapping.own.values())


def join_layers(shared: Mapping[str, V], own: Mapping[str, V]) -> Mapping[str, V]:
    """Both as one; the only one that has anything, as it is."""
    if not own:
        return shared
    return Layers(shared, own) if shared else own
