"""Wait for what happens outside the test's control, by looking again and again."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], bool | Awaitable[bool]], *, every: float = 0.02) -> None:
    """Return once the condition holds; the test's own timeout is the limit."""
    while True:
        holds = condition()
        if inspect.isawaitable(holds):
            holds = await holds
        if holds:
            return
        await asyncio.sleep(every)
