"""One watcher's queue of events.

Events arrive after their commit, in batches; a batch is one tuple for all watchers of the same, so that who
writes it to many clients may encode it once. Who does not keep up is ended, because it would hold on to ever
more objects: it begins anew with a list.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from convoy.cluster.store.records import Event, Stored

QUEUE_LENGTH = 8192
QUEUE_BYTES = 64 << 20


class Watch:
    """The changes of one resource from one moment on: an async iterator of events for one reader.

    `initial` is what there was when it began (empty for a watch since a revision), `revision` that moment.
    """

    def __init__(
        self,
        namespace: str | None,
        *,
        initial: Sequence[Stored],
        replay: Sequence[Event],
        revision: int,
        on_close: Callable[["Watch"], None],
    ) -> None:
        self.namespace = namespace
        self.initial = initial
        self.revision = revision
        self.overflowed = False
        self.on_overflow: Callable[[], None] = lambda: None  # for a reader that is stuck elsewhere
        self._on_close = on_close
        self._queue: deque[Sequence[Event]] = deque([replay] if replay else [])
        self._waiting = 0  # events in the queue that count against its bounds; a replay does not
        self._waiting_bytes = 0
        self._is_nudged = False
        self._waiter: asyncio.Future[None] | None = None
        self.is_open = True
        self._unread: deque[Event] = deque()

    @property
    def is_caught_up(self) -> bool:
        """Whether nothing waits to be read."""
        return not self._queue and not self._unread

    def offer(self, events: Sequence[Event], size: int) -> None:
        """Queue a batch of committed events, `size` bytes of objects; for the store alone."""
        self._waiting += len(events)
        self._waiting_bytes += size
        if self._waiting > QUEUE_LENGTH or (self._waiting_bytes > QUEUE_BYTES and self._queue):
            self.overflowed = True
            self._unread.clear()
            self._queue.clear()
            self.close()
            self.on_overflow()
            return
        self._queue.append(events)
        self._wake()

    async def batches(self) -> Sequence[Sequence[Event]]:
        """Everything that waits, as it was committed; nothing when it was nudged or has ended."""
        while not self._queue and self.is_open and not self._is_nudged:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._is_nudged = self._is_nudged and bool(self._queue)
        self._waiting = self._waiting_bytes = 0
        found = tuple(self._queue)
        self._queue.clear()
        return found

    async def take(self) -> Sequence[Event]:
        """Everything that waits, at least one event; nothing once the watch has ended."""
        return [event for batch in await self.batches() for event in batch]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if not self._unread:
            self._unread.extend(await self.take())
        if not self._unread:
            raise StopAsyncIteration
        return self._unread.popleft()

    def close(self) -> None:
        """End it; what waits may still be read. Safe to repeat."""
        if self.is_open:
            self.is_open = False
            self._on_close(self)
            self._wake()

    def nudge(self) -> None:
        """Let a reader of `batches` look up once though nothing happened."""
        self._is_nudged = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
