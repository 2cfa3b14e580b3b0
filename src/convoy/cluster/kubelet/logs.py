"""What a container writes, in a file that cannot grow without end.

Standard output and error share one pipe, which this process reads; the file is turned over once it is full,
so at most two times `MAX_BYTES` are kept.
"""

import asyncio
import os
from pathlib import Path

MAX_BYTES = 1 << 20
_CHUNK = 1 << 16


class ContainerLog:
    """The log of one container over all its restarts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._older = path.with_suffix(".old")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in (path, self._older):
            left.unlink(missing_ok=True)
        self._file = path.open("ab", buffering=0)
        self._size = 0
        self._pipes: set[int] = set()

    def open_pipe(self) -> int:
        """The writing end of a new pipe into this log; the caller closes it once the container has it."""
        reading, writing = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(reading, False)
        self._pipes.add(reading)
        asyncio.get_running_loop().add_reader(reading, self._copy, reading)
        return writing

    def open_output(self) -> tuple[int, int]:
        """Descriptors for a container's stdout and stderr; the caller closes them."""
        writing = self.open_pipe()
        return writing, os.dup(writing)

    def begin(self, number: int) -> None:
        """A run begins; all runs share one file."""

    async def finish(self) -> None:
        """A run has ended."""

    def _copy(self, reading: int) -> None:
        try:
            data = os.read(reading, _CHUNK)
        except BlockingIOError:
            return
        if data:
            self._write(data)
        else:
            self._close_pipe(reading)

    def _write(self, data: bytes) -> None:
        if self._size + len(data) > MAX_BYTES:
            self._file.close()
            self._path.replace(self._older)
            self._file = self._path.open("ab", buffering=0)
            self._size = 0
        self._size += self._file.write(data)

    def _close_pipe(self, reading: int) -> None:
        asyncio.get_running_loop().remove_reader(reading)
        self._pipes.discard(reading)
        os.close(reading)

    def text(self) -> str:
        """All that is kept, oldest first."""
        for reading in tuple(self._pipes):
            self._copy(reading)
        parts = [path.read_bytes() for path in (self._older, self._path) if path.exists()]
        return b"".join(parts).decode(errors="replace")

    def last_lines(self, count: int = 5) -> list[str]:
        """The newest lines, for messages."""
        return self.text().splitlines()[-count:]

    def close(self) -> None:
        """Stop reading; the file stays."""
        for reading in tuple(self._pipes):
            self._close_pipe(reading)
        self._file.close()
