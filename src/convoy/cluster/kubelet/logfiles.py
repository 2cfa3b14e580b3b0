"""The log of one run of a container: lines with time and stream, in a file that cannot grow without end.

A line of the file is `TIME STREAM TAG TEXT` as container runtimes write it: TIME in RFC 3339 with
nanoseconds, STREAM stdout or stderr, TAG `F` for a whole line and `P` for a part whose rest follows. Once the
file is full it is turned over, so at most two times `most` bytes are kept. Places in the log are offsets from
its very beginning, so that who follows it is not confused by the turn.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

MOST = 2 << 20
LONGEST_LINE = 16 << 10
_CHUNK = 1 << 16
STREAMS = {1: b"stdout", 2: b"stderr"}


class Line(NamedTuple):
    """One line as it was written; `is_whole` when it ended with a newline."""

    stamp: bytes
    is_whole: bool
    text: bytes

    @property
    def seconds(self) -> float:
        """When it was written, since the epoch."""
        return parse_stamp(self.stamp)


def make_stamp(nanoseconds: int) -> bytes:
    """RFC 3339 in UTC, always with nine digits."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z".encode()


def parse_stamp(stamp: bytes) -> float:
    """Seconds since the epoch."""
    whole, _dot, fraction = stamp.rstrip(b"Z").partition(b".")
    moment = datetime.strptime(whole.decode(), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return moment.timestamp() + (float(b"0." + fraction) if fraction else 0.0)


def parse_line(raw: bytes) -> Line:
    """A line of the file, without its newline."""
    stamp, _stream, tag, text = raw.split(b" ", 3)
    return Line(stamp, tag == b"F", text)


class LogFile:
    """Written by one container run, read by many."""

    def __init__(self, path: Path, *, most: int = MOST) -> None:
        self._path = path
        self._older = path.with_suffix(".old")
        self._most = most
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        older = self._older.stat().st_size if self._older.exists() else 0
        self._file = open(path, "ab", buffering=0, opener=_private)  # noqa: SIM115 - it stays open
        self._turned = older  # where the present file begins
        self._start = 0  # where what is kept begins
        self.end = older + os.fstat(self._file.fileno()).st_size
        self.is_closed = False
        self._partial: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}
        self._grown = asyncio.Event()

    def feed(self, stream: int, data: bytes) -> None:
        """Take what the container wrote to stream 1 or 2; unfinished lines wait for their end."""
        held = self._partial[stream]
        held += data
        *lines, rest = bytes(held).split(b"\n")
        stamp = make_stamp(time.time_ns())
        out = [self._format(stamp, stream, line) for line in lines]
        while len(rest) > LONGEST_LINE:
            out.append(b"%s %s P %s\n" % (stamp, STREAMS[stream], rest[:LONGEST_LINE]))
            rest = rest[LONGEST_LINE:]
        self._partial[stream] = bytearray(rest)
        self._append(b"".join(out))

    @staticmethod
    def _format(stamp: bytes, stream: int, line: bytes) -> bytes:
        parts = [line[at : at + LONGEST_LINE] for at in range(0, len(line), LONGEST_LINE)] or [b""]
        head = b"%s %s " % (stamp, STREAMS[stream])
        return b"".join([*(head + b"P %s\n" % part for part in parts[:-1]), head + b"F %s\n" % parts[-1]])

    def _append(self, data: bytes) -> None:
        if not data or self.is_closed:
            return
        if self.end - self._turned + len(data) > self._most and self.end > self._turned:
            self._turn()
        self._file.write(data)
        self.end += len(data)
        self._grown.set()
        self._grown = asyncio.Event()

    def _turn(self) -> None:
        self._file.close()
        self._path.replace(self._older)
        self._file = open(self._path, "ab", buffering=0, opener=_private)  # noqa: SIM115
        self._start, self._turned = self._turned, self.end

    def close(self) -> None:
        """The run has ended: write what is left, and let followers come to their end."""
        if self.is_closed:
            return
        for stream, rest in self._partial.items():
            if rest:
                stamp = make_stamp(time.time_ns())
                self._append(b"%s %s P %s\n" % (stamp, STREAMS[stream], bytes(rest)))
        self.is_closed = True
        self._file.close()
        self._grown.set()

    def lines(self, offset: int = 0) -> Iterator[tuple[int, Line]]:
        """The lines from an offset on, each with the offset after it; what is no longer kept is left out."""
        rest = b""
        while True:
            start, data = self._read(offset + len(rest))
            if not data:
                return
            if start != offset + len(rest):  # turned over meanwhile, and the present piece is gone
                offset, rest = start, b""
            *whole, rest = (rest + data).split(b"\n")
            for raw in whole:
                offset += len(raw) + 1
                yield offset, parse_line(raw)

    def _read(self, offset: int) -> tuple[int, bytes]:
        offset = max(offset, self._start)
        path, begin = (self._path, self._turned) if offset >= self._turned else (self._older, self._start)
        if offset >= self.end:
            return offset, b""
        try:
            with open(path, "rb") as file:
                return offset, os.pread(file.fileno(), _CHUNK, offset - begin)
        except FileNotFoundError:  # removed with its pod
            return offset, b""

    async def wait_grown(self, offset: int) -> bool:
        """Wait for more than there was at `offset`; False when there will be no more."""
        while self.end <= offset and not self.is_closed:
            await self._grown.wait()
        return self.end > offset


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
