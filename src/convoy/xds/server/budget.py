"""How many bytes of large responses may be on their way at once, over all streams.

While a response is written it exists twice, here and in gRPC, until the client has read it. A thousand
clients that start together would need gigabytes; so they take turns, first come first served. Who reads
slowly must not keep the others waiting: after a moment its bytes do not count any more. And if many read
slowly, those that have done so for longest lose their streams, because memory has to end somewhere.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class WriteBudget:
    """Turns of large writes."""

    def __init__(
        self,
        *,
        at_most: int = 16 << 20,
        overdue_at_most: int = 64 << 20,
        small: int = 64 << 10,
        patience: float = 1.0,
    ) -> None:
        """`at_most` bytes at once, each for `patience` seconds; a write of up to `small` bytes is free."""
        self._at_most = at_most
        self._overdue_at_most = overdue_at_most
        self._small = small
        self._patience = patience
        self._held = 0
        self._overdue: dict[_Hold, None] = {}
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def is_free(self, size: int) -> bool:
        """Whether so few bytes need no turn."""
        return size <= self._small

    @asynccontextmanager
    async def hold(self, size: int, give_up: Callable[[], None]) -> AsyncIterator[None]:
        """Wait for a turn to write so many bytes; `give_up` is called if too much is held by slow readers."""
        counted = min(size, self._at_most)
        await self._wait_turn(counted)
        hold = _Hold(counted, give_up)
        timer = asyncio.get_running_loop().call_later(self._patience, self._count_no_more, hold)
        try:
            yield
        finally:
            timer.cancel()
            if hold in self._overdue:
                del self._overdue[hold]
            else:
                self._release(counted)

    async def _wait_turn(self, size: int) -> None:
        if not self._waiting and self._held + size <= self._at_most:
            self._held += size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release(size)
            raise

    def _release(self, size: int) -> None:
        self._held -= size
        while self._waiting:
            size, turn = self._waiting[0]
            if turn.done():
                self._waiting.popleft()  # cancelled while it waited
                continue
            if self._held + size > self._at_most:
                return
            self._waiting.popleft()
            self._held += size
            turn.set_result(None)

    def _count_no_more(self, hold: "_Hold") -> None:
        self._overdue[hold] = None
        self._release(hold.size)
        if sum(overdue.size for overdue in self._overdue) > self._overdue_at_most:
            next(iter(self._overdue)).give_up()


class _Hold:
    """The bytes of one write."""

    __slots__ = ("give_up", "size")

    def __init__(self, size: int, give_up: Callable[[], None]) -> None:
        self.size = size
        self.give_up = give_up
