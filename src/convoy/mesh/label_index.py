"""The search for what a selector selects: things of a namespace by their labels."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar


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


class LabelIndex(Generic[T]):
    """Things by namespace and label, in order of their names."""

    def __init__(self, items: Iterable[T]) -> None:
        self._all = tuple(sorted(items, key=lambda item: (item.namespace, item.name)))
        self._by_namespace: dict[str, list[T]] = {}
        self._by_label: dict[tuple[str, str, str], list[T]] = {}
        for item in self._all:
            self._by_namespace.setdefault(item.namespace, []).append(item)
            for label, value in item.labels.items():
                self._by_label.setdefault((item.namespace, label, value), []).append(item)

    def __iter__(self) -> Iterator[T]:
        return iter(self._all)

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
