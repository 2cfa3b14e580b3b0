"""The streams of a SPDY connection over any byte pipe: a taken-over HTTP connection or a websocket."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol

from convoy.cluster.apiserver.streams.spdy.frames import (
    Aborted,
    Framing,
    HalfClosed,
    Opened,
    Received,
    abort,
    data_frames,
    go_away,
    half_close,
)

_MAX_STREAMS = 512


class Pipe(Protocol):
    """Bytes in both directions."""

    async def receive(self) -> bytes:
        """The next bytes; empty at the end."""

    async def send(self, data: bytes) -> None:
        """Send, waiting while the peer is slow; ConnectionError once it is gone."""


class Stream:
    """One stream that the client opened."""

    def __init__(self, connection: "Connection", number: int, headers: dict[str, str]) -> None:
        self.number = number
        self.headers = headers
        self._connection = connection
        self._parts: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._ended = False
        self.aborted = False
        self._half_closed = False

    async def read(self) -> AsyncIterator[bytes]:
        """What the client sends on it, until it closes its side."""
        while True:
            while self._parts:
                part = self._parts.popleft()
                self._connection.note_taken(len(part))
                yield part
            if self._ended:
                return
            self._changed.clear()
            await self._changed.wait()

    async def write(self, data: bytes) -> None:
        """Send data on it."""
        if not self.aborted:
            await self._connection.send(data_frames(self.number, data))

    async def close(self) -> None:
        """Send no more on it."""
        if not self._half_closed and not self.aborted:
            self._half_closed = True
            await self._connection.send(half_close(self.number))

    async def reset(self) -> None:
        """Give it up in both directions."""
        if not self.aborted:
            self.feed(None)
            self.aborted = True
            await self._connection.send(abort(self.number))

    def feed(self, data: bytes | None) -> None:
        """Take what arrived, None at the end."""
        if data is None:
            self._ended = True
        else:
            self._parts.append(data)
        self._changed.set()


class Connection:
    """All streams of a connection; `serve` reads until it ends."""

    _MOST_WAITING = 4 << 20  # bytes that nobody took yet, before no more is read

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._framing = Framing()
        self._streams: dict[int, Stream] = {}
        self._opened: asyncio.Queue[Stream | None] = asyncio.Queue()
        self._sending = asyncio.Lock()
        self._waiting = 0
        self._room = asyncio.Event()
        self._room.set()

    async def serve(self) -> None:
        """Read until the client is gone; raises SpdyError for what is no SPDY."""
        try:
            while data := await self._pipe.receive():
                for event in self._framing.receive(data):
                    self._take(event)
                if replies := self._framing.take_replies():
                    await self.send(replies)
                await self._room.wait()
        finally:
            for stream in self._streams.values():
                stream.feed(None)
            self._opened.put_nowait(None)

    def _take(self, event: Opened | Received | HalfClosed | Aborted) -> None:
        if isinstance(event, Opened):
            if len(self._streams) < _MAX_STREAMS:
                stream = Stream(self, event.stream, dict(event.headers))
                self._streams[event.stream] = stream
                self._opened.put_nowait(stream)
            return
        found = self._streams.get(event.stream)
        if found is None:
            return
        if isinstance(event, Received):
            self._waiting += len(event.data)
            if self._waiting > self._MOST_WAITING:
                self._room.clear()
            found.feed(event.data)
        else:
            found.aborted = found.aborted or isinstance(event, Aborted)
            found.feed(None)

    def note_taken(self, size: int) -> None:
        """Bytes of a stream were taken."""
        self._waiting -= size
        if self._waiting <= self._MOST_WAITING:
            self._room.set()

    def forget(self, *streams: Stream) -> None:
        """Streams that are over in both directions."""
        for stream in streams:
            self._streams.pop(stream.number, None)

    async def accept(self) -> Stream | None:
        """The next stream that the client opens; None when it is gone."""
        return await self._opened.get()

    async def send(self, data: bytes) -> None:
        """Send frames, whole ones after each other."""
        async with self._sending:
            await self._pipe.send(data)

    async def say_goodbye(self) -> None:
        """Tell the client that the connection ends."""
        await self.send(go_away(max(self._streams, default=0)))
