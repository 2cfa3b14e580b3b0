"""Tasks that belong to a block: they end with it, and their failure ends it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any


@contextlib.asynccontextmanager
async def cancelled_at_end(work: Coroutine[Any, Any, None], *, name: str) -> AsyncIterator[None]:
    """Run `work` beside the block and cancel it when the block ends.

    When the work fails, the block is cancelled and the failure raised, as by a TaskGroup.
    """
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work, name=name)
        try:
            yield
        finally:
            task.cancel()
