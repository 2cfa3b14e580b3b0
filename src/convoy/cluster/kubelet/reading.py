"""A container's log as `pods/log` asks for it: from a time or a number of lines on, with times, following."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from convoy.cluster.kubelet.logfiles import Line, LogFile
from convoy.cluster.machinery.pod_access import LogOptions

_PIECE = 1 << 16
_LINES_IN_A_ROW = 2000


async def read_log(file: LogFile, options: LogOptions) -> AsyncIterator[bytes]:
    """The log in pieces of whole lines; following, it ends with the container's run."""
    left = options.limit_bytes
    async for piece in _pieces(file, options):
        if left is not None:
            piece = piece[:left]
            left -= len(piece)
        if piece:
            yield piece
        if left is not None and left <= 0:
            return


async def _pieces(file: LogFile, options: LogOptions) -> AsyncIterator[bytes]:
    offset, first = await _existing(file, options)
    for at in range(0, len(first), _PIECE):
        yield first[at : at + _PIECE]
    writer = Writer(options)
    while options.follow and await file.wait_grown(offset):
        more = []
        for end, line in file.lines(offset):
            offset = end
            more.append(writer.write(line))
        yield b"".join(more)


async def _existing(file: LogFile, options: LogOptions) -> tuple[int, bytes]:
    """What there is already of what is asked for, and the offset after it."""
    offset = 0
    kept: deque[list[Line]] = deque(maxlen=options.tail_lines)
    is_begun = False
    for number, (end, line) in enumerate(file.lines()):
        if number % _LINES_IN_A_ROW == 0:
            await asyncio.sleep(0)  # let others have their turn
        offset = end
        if options.since is not None and line.seconds < options.since:
            continue
        if is_begun and kept:
            kept[-1].append(line)
        else:
            kept.append([line])
        is_begun = not line.is_whole
    writer = Writer(options)
    return offset, b"".join(writer.write(line) for lines in kept for line in lines)


class Writer:
    """Puts the parts of long lines together again, and a time before each line if that is asked for."""

    def __init__(self, options: LogOptions) -> None:
        self._with_times = options.timestamps
        self._is_begun = False

    def write(self, line: Line) -> bytes:
        """The text that a reader gets for it."""
        stamp = line.stamp + b" " if self._with_times and not self._is_begun else b""
        self._is_begun = not line.is_whole
        return stamp + line.text + (b"\n" if line.is_whole else b"")
