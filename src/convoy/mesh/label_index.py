"""The search for what a selector selects: things of a namespace by their labels."""

import copy
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Generic, Protocol, Self, TypeVar


class Labelled(Protocol):
    """Something that selectors may select."""

    @property
    def name(self) -> str:
        """What tells it from others of its namespace."""

    @property
    def namespace(self) -> str:
        """Only selectors of this namespace select it."""

    @property
    def labels(self) -> Mapping[str, str]:
        """What selectors compare."""


T = TypeVar("T", bound=Labelled)
K = TypeVar("K", bound=Hashable)


class LabelIndex(Generic[T]):
    """Things by namespace and label, in order of their names; immutable."""

    def __init__(self, items: Iterable[T]) -> None:
        self._by_namespace: dict[str, list[T]] = {}
        self._by_label: dict[tuple[str, str, str], list[T]] = {}
        for item in sorted(items, key=lambda item: (item.namespace, item.name)):
            self._by_namespace.setdefault(item.namespace, []).append(item)
            for place in _places(item):
                self._by_label.setdefault(place, []).append(item)

    def __iter__(self) -> Iterator[T]:
        return (item for _, items in sorted(self._by_namespace.items()) for item in items)

    def exchanged(self, gone: Iterable[T], come: Iterable[T]) -> Self:
        """The same without some things, which are in it, and with others."""
        made = copy.copy(self)
        namespaces, labels = _Exchange(self._by_namespace), _Exchange(self._by_label)
        for item in gone:
            namespaces.take(item.namespace, item)
            for place in _places(item):
                labels.take(place, item)
        for item in come:
            namespaces.put(item.namespace, item)
            for place in _places(item):
                labels.put(place, item)
        made._by_namespace, made._by_label = namespaces.lists, labels.lists
        return made

    def select(self, namespace: str, selector: Mapping[str, str]) -> tuple[T, ...]:
        """Those of a namespace that carry all these labels; an empty selector selects none, as a Service's
        does.
        """
        if not selector:
            return ()
        candidates = min(
            (self._by_label.get((namespace, label, value), []) for label, value in selector.items()), key=len
        )
        return tuple(item for item in candidates if selector.items() <= item.labels.items())

    def select_or_all(self, namespace: str, selector: Mapping[str, str]) -> tuple[T, ...]:
        """The same by Istio's rule: an empty selector selects everything in the namespace."""
        return self.select(namespace, selector) if selector else tuple(self._by_namespace.get(namespace, ()))


class _Exchange(Generic[K, T]):
    """Lists in order of names, of which those are copied that something is taken from or put into."""

    def __init__(self, lists: dict[K, list[T]]) -> None:
        self.lists = lists.copy()
        self._own: set[K] = set()

    def take(self, key: K, item: T) -> None:
        """Without a thing that is in the list."""
        rest = self._list(key)
        at = bisect_left(rest, item.name, key=lambda one: one.name)
        while rest[at] is not item:
            at += 1
        del rest[at]
        if not rest:
            del self.lists[key]
            self._own.discard(key)

    def put(self, key: K, item: T) -> None:
        """With a thing that is not."""
        listed = self._list(key)
        listed.insert(bisect_left(listed, item.name, key=lambda one: one.name), item)

    def _list(self, key: K) -> list[T]:
        if key not in self._own:
            self._own.add(key)
            self.lists[key] = self.lists.get(key, []).copy()
        return self.lists[key]


def _places(item: Labelled) -> Iterator[tuple[str, str, str]]:
    return ((item.namespace, label, value) for label, value in item.labels.items())
