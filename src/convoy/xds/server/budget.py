"""How many bytes of large messages may be on their way at once, over all streams.

While a response is written it exists twice, here and in gRPC, until the client has read it. A thousand
clients that start together would need gigabytes; so they take turns, first come first served. Who reads
slowly must not keep the others waiting: after a moment its bytes do not count any more. And if many read
slowly, those that have done so for longest lose their connections, because memory has to end somewhere.

Clients that come back together are heard in turns for the same reason.
"""

import asyncio
from collections import deque
from collections.abc import Callable


class Budget:
    """Turns of large messages."""

    def __init__(
        self,
        *,
        at_most: int,
        overdue_at_most: int,
        free: int = 0,
        patience: float = 1.0,
    ) -> None:
        """`at_most` bytes at once, each for `patience` seconds, and then up to `overdue_at_most`; up to
        `free` bytes need no turn.
        """
        self._at_most = at_most
        self._overdue_at_most = overdue_at_most
        self._free = free
        self._patience = patience
        self._held = 0
        self._overdue: dict[Hold, None] = {}
        self._overdue_held = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def is_free(self, size: int) -> bool:
        """Whether so few bytes need no turn."""
        return size <= self._free

    async def take(self, size: int, give_up: Callable[[], None]) -> "Hold":
        """Wait for a turn for so many bytes, which then has to be released; `give_up` is called when too much
        is held for too long.
        """
        counted = min(size, self._at_most)
        await self._wait_turn(counted)
        return Hold(self, counted, give_up, patience=self._patience)

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

    def _count_no_more(self, hold: "Hold") -> None:
        self._overdue[hold] = None
        self._overdue_held += hold.size
        self._release(hold.size)
        if self._overdue_held > self._overdue_at_most:
            next(iter(self._overdue)).give_up()

    def _give_back(self, hold: "Hold") -> None:
        if hold in self._overdue:
            del self._overdue[hold]
            self._overdue_held -= hold.size
        else:
            self._release(hold.size)


class Hold:
    """The bytes of one message."""

    __slots__ = ("_budget", "_timer", "give_up", "size")

    def __init__(self, budget: Budget, size: int, give_up: Callable[[], None], *, patience: float) -> None:
        self._budget: Budget | None = budget
        self.size = size
        self.give_up = give_up
        self._timer = asyncio.get_running_loop().call_later(patience, budget._count_no_more, self)

    def release(self) -> None:
        """The message is on its way no more; a second time this does nothing."""
        budget, self._budget = self._budget, None
        if budget is not None:
            self._timer.cancel()
            budget._give_back(self)
