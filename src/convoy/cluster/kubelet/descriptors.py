"""Reading and writing pipes and terminals on the event loop, piece by piece, so that nothing piles up."""

import asyncio
import os
from collections.abc import Callable

CHUNK = 1 << 16


async def read_some(fd: int) -> bytes:
    """The next bytes of a non-blocking descriptor; nothing at its end."""
    while True:
        try:
            return os.read(fd, CHUNK)
        except BlockingIOError:
            await _wait(fd, asyncio.get_running_loop().add_reader, asyncio.get_running_loop().remove_reader)
        except OSError:  # EIO: nobody has the terminal open any more
            return b""


async def write_all(fd: int, data: bytes) -> None:
    """Write to a non-blocking descriptor; raises BrokenPipeError when nobody reads."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            await _wait(fd, asyncio.get_running_loop().add_writer, asyncio.get_running_loop().remove_writer)


async def _wait(fd: int, add: Callable[..., None], remove: Callable[[int], bool]) -> None:
    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    add(fd, _wake, waiter)
    try:
        await waiter
    finally:
        remove(fd)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def make_pipe(*, ours_reads: bool) -> tuple[int, int]:
    """A pipe as (our end, the other's end); ours does not block."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    ours, theirs = (reading, writing) if ours_reads else (writing, reading)
    os.set_blocking(ours, False)
    return ours, theirs
