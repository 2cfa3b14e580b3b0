"""What the steps of the last snapshot gave, so that the next one takes only the steps whose inputs changed.

A step is named, and its inputs are listed beside the name: plain values and parts count by what they are,
everything else by which object it is, for an object that did not change is the same object again. A step
must read nothing else. What a whole snapshot did not ask for is forgotten with the next.
"""

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any, TypeVar, cast

from convoy.mesh.model import Part

T = TypeVar("T")

_VALUES = (str, int, type(None), datetime, Part)

Inputs = tuple[Any, ...]
"""The name of a step and its inputs."""


class Memory:
    """Results of the steps of two snapshots: the last one, and the one that is being built."""

    def __init__(self) -> None:
        self._before: dict[Hashable, tuple[Inputs, Any]] = {}
        self._now: dict[Hashable, tuple[Inputs, Any]] = {}

    def start(self) -> None:
        """The next snapshot begins."""
        self._before, self._now = self._now, {}

    def recall(self, inputs: Inputs, step: Callable[[], T]) -> T:
        """What the step gave for these inputs, or gives now."""
        key = identity_key(inputs)
        entry = self._now.get(key) or self._before.get(key)
        if entry is None:
            entry = (inputs, step())
        self._now[key] = entry
        return cast(T, entry[1])

    def revise(self, inputs: Inputs, step: Callable[[T | None], T]) -> T:
        """What the step makes of what it gave for these inputs last time; None: nothing."""
        key = identity_key(inputs)
        entry = self._now.get(key) or self._before.get(key)
        made = step(entry[1] if entry else None)
        # The inputs are kept with the result: while they are, no other object can be mistaken for one.
        self._now[key] = (inputs, made)
        return made


def keep_tuple(new: tuple[T, ...], old: tuple[T, ...]) -> tuple[T, ...]:
    """The old tuple where both consist of the same objects."""
    is_same = len(new) == len(old) and all(one is other for one, other in zip(new, old, strict=True))
    return old if is_same else new


def identity_key(inputs: Inputs) -> Hashable:
    """What tells inputs apart, for as long as all of them are kept."""
    return tuple(one if isinstance(one, _VALUES) else (id(one),) for one in inputs)
