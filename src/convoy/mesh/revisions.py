"""Mappings that know in which keys they differ from those that they were made of.

So whoever derived something from the one before derives again only what follows from these keys.
"""

from collections.abc import Callable, Hashable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from typing import Any, TypeVar, overload

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
D = TypeVar("D")


class Revision(Mapping[K, V]):
    """Immutable. `order` settles where a new key stands; without it new keys are last."""

    __slots__ = ("_base", "_changed", "_items", "_order", "_token")

    def __init__(
        self,
        items: Mapping[K, V] | Iterable[tuple[K, V]] = (),
        *,
        order: Callable[[K], Any] | None = None,
    ) -> None:
        self._items: dict[K, V] = dict(items)
        self._order = order
        self._token = object()
        self._base: object | None = None
        self._changed: frozenset[K] = frozenset()

    def revised(
        self, news: Mapping[K, V], gone: Iterable[K] = (), *, order: Callable[[K], Any] | None = None
    ) -> "Revision[K, V]":
        """The same with other values for some keys and without those that are gone; this very object where
        that changes nothing. `order` is used this once instead of the one that was given before.
        """
        items = self._items
        changed = {key: value for key, value in news.items() if not _has(items, key, value)}
        lost = [key for key in dict.fromkeys(gone) if key in items and key not in news]
        if not changed and not lost:
            return self
        made = {**items, **changed}
        for key in lost:
            del made[key]
        order = order or self._order
        if order is not None and not made.keys() <= items.keys():
            made = {key: made[key] for key in sorted(made, key=order)}
        revision = Revision[K, V](order=self._order)
        revision._items = made
        revision._base = self._token
        revision._changed = frozenset((*changed, *lost))
        return revision

    def keeping(self, old: "Revision[K, V]") -> "Revision[K, V]":
        """The same with the old one's objects where they are equal; the old one where nothing differs. Those
        that will be made of this one are taken to be made of that.
        """
        if self.changed_since(old) is not None:
            return self
        kept = old.revised(self._items, old.keys() - self.keys())
        if list(kept) != list(self):
            kept = Revision(((key, kept[key]) for key in self), order=self._order)
        kept._token = self._token
        return kept

    def changed_since(self, before: "Revision[K, V] | None") -> frozenset[K] | None:
        """The keys that came, went or have another value; None where that is not known."""
        if before is self:
            return frozenset()
        return self._changed if before is not None and self._base is before._token else None

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(self._items)

    # What Mapping derives from the three methods above is several times slower than asking the dict.
    def __contains__(self, key: object) -> bool:
        return key in self._items

    @overload
    def get(self, key: K, /) -> V | None: ...
    @overload
    def get(self, key: K, /, default: V | D) -> V | D: ...
    def get(self, key: K, /, default: Any = None) -> Any:
        """As a dict has it."""
        return self._items.get(key, default)

    def items(self) -> ItemsView[K, V]:
        """As a dict has it."""
        return self._items.items()

    def values(self) -> ValuesView[V]:
        """As a dict has it."""
        return self._items.values()


def _has(items: Mapping[K, V], key: K, value: V) -> bool:
    if key not in items:
        return False
    before = items[key]
    return before is value or before == value


def changed_keys(new: Mapping[K, V], old: Mapping[K, V]) -> frozenset[K] | None:
    """See `Revision.changed_since`; of other mappings nothing is known unless they are one object."""
    if new is old:
        return frozenset()
    if isinstance(new, Revision) and isinstance(old, Revision):
        return new.changed_since(old)
    return None
