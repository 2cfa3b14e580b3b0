"""Wait for what happens outside the test's control, by looking again and again."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(look: Callable[[], T | Awaitable[T | None] | None], *, every: float = 0.02) -> T:
    """What there is to see once it is true; the test's own timeout is the limit."""
    while True:
        seen = look()
        if inspect.isawaitable(seen):
            seen = await seen
        if seen:
            return seen
        await asyncio.sleep(every)
