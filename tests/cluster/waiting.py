"""Wait for what a world shows only when asked."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(look: Callable[[], Awaitable[T | None]], *, at_most: float = 20.0) -> T:
    """Look again and again until there is something true to see, and return it; TimeoutError in the end."""
    async with asyncio.timeout(at_most):
        while True:
            if seen := await look():
                return seen
            await asyncio.sleep(0.02)
