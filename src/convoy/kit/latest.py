"""A cell that holds the newest value of something and wakes those who wait for a newer one.

Between the stages of the pipeline only the newest value counts: a slow reader skips versions instead of
queueing them.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestValue(Generic[T]):
    """One value, replaced as a whole; `number` grows by one with each `set`."""

    def __init__(self) -> None:
        self._value: T | None = None
        self._number = 0
        self._changed = asyncio.Event()

    @property
    def number(self) -> int:
        """How often a value was set; 0 means never."""
        return self._number

    def set(self, value: T) -> None:
        """Replace the value and wake every waiter."""
        self._value = value
        self._number += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def get_nowait(self) -> T:
        """The newest value; LookupError when none was set yet."""
        if self._value is None:
            raise LookupError("no value was set yet")
        return self._value

    async def wait_newer(self, than: int) -> tuple[int, T]:
        """Wait until a value with a number above `than` exists, then return (number, value)."""
        while self._number <= than or self._value is None:
            await self._changed.wait()
        return self._number, self._value

    async def watch(self) -> AsyncIterator[T]:
        """The newest value whenever it is newer than the last one given; versions may be skipped."""
        seen = 0
        while True:
            seen, value = await self.wait_newer(seen)
            yield value
