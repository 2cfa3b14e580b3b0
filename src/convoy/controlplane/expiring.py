"""Values that arrive, and the last one again when its time has come."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import TypeVar

from convoy.kit.clock import Clock

T = TypeVar("T")

# The wall clock may jump, so nobody sleeps long without looking at it.
_LONGEST_SLEEP = 30.0


async def repeat_when_due(
    values: AsyncIterator[T], due: Callable[[], datetime | None], *, clock: Clock
) -> AsyncIterator[T]:
    """Every value, and the last again as soon as it is `due`, which is asked after each; until they end."""
    waiting = asyncio.ensure_future(_next(values))
    last: list[T] = []
    try:
        while True:
            moment = due() if last else None
            if moment is not None and not await _arrives_before(waiting, moment, clock):
                yield last[0]
                continue
            found = await waiting
            if not found:
                return
            last = found
            waiting = asyncio.ensure_future(_next(values))
            yield last[0]
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def _next(values: AsyncIterator[T]) -> list[T]:
    """The next value; nothing at the end."""
    async for value in values:
        return [value]
    return []


async def _arrives_before(waiting: asyncio.Future[list[T]], moment: datetime, clock: Clock) -> bool:
    while not waiting.done():
        left = (moment - clock.now()).total_seconds()
        if left <= 0:
            return False
        sleeping = asyncio.ensure_future(clock.sleep(min(left, _LONGEST_SLEEP)))
        try:
            await asyncio.wait((waiting, sleeping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            await asyncio.gather(sleeping, return_exceptions=True)
    return True
