"""A queue of keys that want attention: each key at most once, one worker per key, retries with back-off.

A key that is added while a worker has it is handed out again when that worker is done, so nothing is missed
and no two workers look at the same object.
"""

import asyncio
import contextlib
from collections import deque
from typing import Generic, TypeVar

from convoy.kit.backoff import backoff
from convoy.kit.clock import Clock

K = TypeVar("K")

_FIRST_RETRY = 0.01
_LONGEST_RETRY = 30.0
# Waiting is measured on the monotonic clock; a wall-clock time (a cron schedule, a TTL) may come earlier when
# the machine was suspended, so nobody sleeps longer than this without looking again.
_LONGEST_WAIT = 60.0


class WorkQueue(Generic[K]):
    """Keys in the order in which they were added."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready: deque[K] = deque()
        self._waiting: set[K] = set()  # in `_ready`, or to be put there once done
        self._taken: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, tuple[float, asyncio.Task[None]]] = {}
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether no key is waiting or being worked on; timers do not count."""
        return not self._waiting and not self._taken

    def add(self, key: K) -> None:
        """Let a worker look at a key soon."""
        if key in self._waiting:
            return
        self._waiting.add(key)
        if key not in self._taken:
            self._ready.append(key)
            self._filled.set()

    def add_after(self, key: K, seconds: float) -> None:
        """Let a worker look at a key in that time; of several times the earliest counts."""
        if seconds <= 0:
            self.add(key)
            return
        due = self._clock.monotonic() + min(seconds, _LONGEST_WAIT)
        earlier = self._timers.get(key)
        if earlier is not None:
            if earlier[0] <= due:
                return
            earlier[1].cancel()
        wait = self._add_later(key, due)
        self._timers[key] = (due, asyncio.create_task(wait, name=f"later:{key}"))

    async def _add_later(self, key: K, due: float) -> None:
        await self._clock.sleep(max(0.0, due - self._clock.monotonic()))
        del self._timers[key]
        self.add(key)

    def retry(self, key: K) -> None:
        """Let a worker look again after a failure, later each time in a row."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        delays = backoff(_FIRST_RETRY, at_most=_LONGEST_RETRY)
        for _ in range(failures - 1):
            next(delays)
        self.add_after(key, next(delays))

    def forget(self, key: K) -> None:
        """The last look went well: the next failure is the first again."""
        self._failures.pop(key, None)

    async def take(self) -> K:
        """The next key, when there is one; the caller says `done` in the end."""
        while not self._ready:
            self._filled.clear()
            await self._filled.wait()
        key = self._ready.popleft()
        self._waiting.discard(key)
        self._taken.add(key)
        return key

    def done(self, key: K) -> None:
        """The worker is through with a key."""
        self._taken.discard(key)
        if key in self._waiting:
            self._ready.append(key)
            self._filled.set()

    async def close(self) -> None:
        """End the timers."""
        timers = [task for _, task in self._timers.values()]
        self._timers.clear()
        for task in timers:
            task.cancel()
        for task in timers:
            with contextlib.suppress(asyncio.CancelledError):
                await task
