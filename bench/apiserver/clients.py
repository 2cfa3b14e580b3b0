"""Lean clients: creators that wait for each answer, watchers that count events."""

import asyncio
import time
from collections.abc import Iterator

import orjson

from bench.apiserver.serving import ROUTES, route

_HEAD_END = b"\r\n\r\n"
_EVENT_END = b"}\n"


class Watcher(asyncio.Protocol):
    """Counts the events that it is sent; the lines themselves are kept by those that are told to."""

    def __init__(self, expected: int, *, keeps: bool) -> None:
        self.seen = 0
        self.last_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._expected = expected
        self._kept: list[bytes] | None = [] if keeps else None
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(f"GET {ROUTES}?watch=true HTTP/1.1\r\nHost: bench\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        """Count."""
        if not self.is_ready.done():
            self.is_ready.set_result(None)
        if self._kept is not None:
            self._kept.append(data)
        self.seen += (self._tail + data).count(_EVENT_END)
        self._tail = data[-1:] if data[-1:] == b"}" else b""
        self.last_at = time.monotonic()
        if self.seen >= self._expected and not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server let go of it: it will not see everything."""
        if not self.done.done():
            self.done.set_result(None)

    def names(self) -> set[str]:
        """The objects of the events that were kept."""
        body = b"".join(self._kept or ()).partition(_HEAD_END)[2]
        lines = _unchunked(body).splitlines()
        return {orjson.loads(line)["object"]["metadata"]["name"] for line in lines}


class Creator(asyncio.Protocol):
    """Creates the next object whenever the last one is answered."""

    def __init__(self, numbers: Iterator[int]) -> None:
        self.latencies: list[float] = []
        self.failures = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._numbers = numbers
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Note the answer once it is whole."""
        self._buffer += data
        head, found, body = self._buffer.partition(_HEAD_END)
        if not found or len(body) < _content_length(head):
            return
        self.latencies.append(time.monotonic() - self._sent_at)
        self.failures += not head.startswith(b"HTTP/1.1 201")
        self._buffer = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Counted as a failure unless all was done."""
        if not self.done.done():
            self.failures += 1
            self.done.set_result(None)

    def _send(self) -> None:
        assert self._transport is not None
        number = next(self._numbers, None)
        if number is None:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        body = orjson.dumps(route(number))
        head = (
            f"POST {ROUTES}?fieldManager=bench&fieldValidation=Strict HTTP/1.1\r\nHost: bench\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._sent_at = time.monotonic()
        self._transport.write(head.encode() + body)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _unchunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size, 16)
        parts.append(body[:count])
        body = body[count + 2 :]
    return b"".join(parts)
