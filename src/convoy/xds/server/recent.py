"""Results that were used lately, by the identity of what they were made of."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

V = TypeVar("V")

_GENERATIONS_KEPT = 4


class _Entry(Generic[V]):
    __slots__ = ("generation", "inputs", "value", "weight")

    def __init__(self, inputs: tuple[object, ...], value: V, weight: int) -> None:
        self.inputs = inputs
        self.value = value
        self.weight = weight
        self.generation = 0


class Recent(Generic[V]):
    """Results by the identity of some inputs and the value of others, least recently used first out.

    An entry holds its inputs, so that no other object can come to have the same identity. Therefore what
    the last few generations did not use is forgotten, too: inputs are large and of models long gone.
    """

    def __init__(self, *, at_most: int, weigh: Callable[[V], int]) -> None:
        self._entries: OrderedDict[tuple[Any, ...], _Entry[V]] = OrderedDict()
        self._at_most = at_most
        self._weigh = weigh
        self._generation = 0
        self.weight = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, inputs: tuple[object, ...], plain: tuple[Any, ...], make: Callable[[], V]) -> V:
        """The result for `inputs` (by identity) and `plain` (by value), made if need be."""
        key = (*map(id, inputs), *plain)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._add(key, inputs, make())
        else:
            self._entries.move_to_end(key)
        entry.generation = self._generation
        return entry.value

    def start_generation(self) -> None:
        """Something new begins; what was not used for a while is forgotten."""
        self._generation += 1
        oldest = self._generation - _GENERATIONS_KEPT
        while self._entries and next(iter(self._entries.values())).generation < oldest:
            self._drop_first()

    def _add(self, key: tuple[Any, ...], inputs: tuple[object, ...], value: V) -> _Entry[V]:
        entry = self._entries[key] = _Entry(inputs, value, self._weigh(value))
        self.weight += entry.weight
        while self.weight > self._at_most and len(self._entries) > 1:
            self._drop_first()
        return entry

    def _drop_first(self) -> None:
        _, entry = self._entries.popitem(last=False)
        self.weight -= entry.weight
