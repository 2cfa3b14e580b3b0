"""The graceful end of a container's process: its preStop hook, SIGTERM, and SIGKILL at a deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from convoy.cluster.kubelet.deadlines import Deadline
from convoy.cluster.kubelet.hooks import HookError
from convoy.cluster.kubelet.sandboxes import Process

LEAST_GRACE = 2.0  # seconds that a container has after its preStop hook, whatever that took

RunHook = Callable[[], Awaitable[None]]


async def end_process(
    process: Process, deadline: Deadline, *, pre_stop: RunHook | None, on_failure: Callable[[str], None]
) -> None:
    """Return once the process has ended. The hook's time counts; `on_failure` is told how it failed."""
    if process.exited.done():
        return
    least = 0.0
    if pre_stop is not None and deadline.remaining > 0:
        await _run_at_most(pre_stop, process, deadline, on_failure)
        least = LEAST_GRACE
    if not process.exited.done():
        await process.stop_by(deadline, at_least=least)


async def _run_at_most(
    hook: RunHook, process: Process, deadline: Deadline, on_failure: Callable[[str], None]
) -> None:
    running = asyncio.ensure_future(hook())
    passing = asyncio.create_task(deadline.wait(), name="preStop deadline")
    either: set[asyncio.Future[Any]] = {running, passing, process.exited}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        elif passing.done():
            on_failure("it took longer than the grace period")
    except HookError as error:
        on_failure(str(error))
    finally:
        running.cancel()
        passing.cancel()
        await asyncio.gather(running, passing, return_exceptions=True)
