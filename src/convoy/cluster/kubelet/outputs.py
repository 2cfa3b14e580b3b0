"""What the containers of a pod of the API write: a log for each run, and those who are attached.

The log of the present run and of the one before are kept, as `kubectl logs --previous` shows.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from convoy.cluster.kubelet.descriptors import make_pipe
from convoy.cluster.kubelet.logfiles import LogFile

_CHUNK = 1 << 16
_DRAIN = 1.0  # seconds to wait, after the end of a container, for what it wrote
_MOST_BEHIND = 8 << 20  # bytes that somebody attached may be behind


class Tap:
    """What a container writes from one moment on, for one who is attached; cut off when too far behind."""

    def __init__(self, on_close: Callable[["Tap"], None]) -> None:
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._waiting = 0
        self._news = asyncio.Event()
        self._is_closed = False
        self._on_close = on_close

    def offer(self, stream: int, data: bytes) -> None:
        """Take what was written to stream 1 or 2."""
        self._waiting += len(data)
        if self._waiting > _MOST_BEHIND:
            self.close()
        elif not self._is_closed:
            self._pieces.append((stream, data))
            self._news.set()

    async def take(self) -> tuple[int, bytes] | None:
        """The next piece, None at the end."""
        while not self._pieces:
            if self._is_closed:
                return None
            self._news.clear()
            await self._news.wait()
        piece = self._pieces.popleft()
        self._waiting -= len(piece[1])
        return piece

    def close(self) -> None:
        """Let the reader come to its end. Safe to repeat."""
        if not self._is_closed:
            self._is_closed = True
            self._news.set()
            self._on_close(self)


class RunLogs:
    """The logs of one container."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = -1
        self.current: LogFile | None = None
        self.previous: LogFile | None = None
        self._readers: dict[int, int] = {}  # descriptor to stream
        self._taps: set[Tap] = set()
        self._drained = asyncio.Event()

    def recall(self, number: int) -> None:
        """Take up the logs of an earlier life, the last of which is of that run."""
        for each in (number - 1, number):
            if self._path(each).exists():
                self.begin(each)
        if self.current is not None:
            self.current.close()

    def begin(self, number: int) -> None:
        """A run begins: what was the present log is the previous one now."""
        if self.current is not None:
            self.current.close()
        self.previous = self.current if self._number == number - 1 else None
        for suffix in (".log", ".old"):
            self._path(number - 2).with_suffix(suffix).unlink(missing_ok=True)
        self._number = number
        self.current = LogFile(self._path(number))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.log"

    def open_output(self) -> tuple[int, int]:
        """Descriptors for the container's stdout and stderr; the caller closes them."""
        ends = []
        for stream in (1, 2):
            reading, writing = make_pipe(ours_reads=True)
            self._read(reading, stream)
            ends.append(writing)
        return ends[0], ends[1]

    def read_terminal(self, master: int) -> None:
        """Take what comes from the container's terminal; the descriptor is a copy of the caller's."""
        copy = os.dup(master)
        os.set_blocking(copy, False)
        self._read(copy, 1)

    def _read(self, fd: int, stream: int) -> None:
        self._readers[fd] = stream
        self._drained.clear()
        asyncio.get_running_loop().add_reader(fd, self._copy, fd, stream)

    def _copy(self, fd: int, stream: int) -> None:
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: the terminal's other side is closed
            data = b""
        if not data:
            self._stop_reading(fd)
            return
        if self.current is not None:
            self.current.feed(stream, data)
        for tap in tuple(self._taps):
            tap.offer(stream, data)

    def _stop_reading(self, fd: int) -> None:
        asyncio.get_running_loop().remove_reader(fd)
        del self._readers[fd]
        os.close(fd)
        if not self._readers:
            self._drained.set()

    async def finish(self) -> None:
        """The run has ended: take the rest of what it wrote, and let readers come to their end."""
        if self._readers:
            with suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN):
                    await self._drained.wait()
        self.close()

    def tap(self) -> Tap:
        """What is written from now on, until the end of the run."""
        tap = Tap(self._taps.discard)
        self._taps.add(tap)
        return tap

    def last_lines(self, count: int = 5) -> list[str]:
        """The newest lines, for messages."""
        lines = [line.text for _offset, line in self.current.lines()] if self.current else []
        return [line.decode(errors="replace") for line in lines[-count:]]

    def text(self) -> str:
        """All that is kept of the present run."""
        lines = [line for _offset, line in self.current.lines()] if self.current else []
        return b"".join(line.text + b"\n" * line.is_whole for line in lines).decode(errors="replace")

    def close(self) -> None:
        """Stop reading; the files stay."""
        for fd in tuple(self._readers):
            self._stop_reading(fd)
        for tap in tuple(self._taps):
            tap.close()
        if self.current is not None:
            self.current.close()
