"""Tasks that belong to a block: they end with it, and their failure ends it. Work that nothing ends early."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


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


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives. It is done to its end even if the caller is cancelled; that takes effect afterwards.

    For what must be put in order: a cancelled `finally` would leave off at its next `await`.
    """
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # nobody else asks for it
        raise cancelled
    return task.result()
