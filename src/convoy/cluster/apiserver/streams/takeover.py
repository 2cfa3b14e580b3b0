"""Take an HTTP/1.1 connection over from aiohttp, to speak something else on it.

The transport's protocol is replaced before 101 is written, or else what the client sends at once would
reach aiohttp's parser.
"""

import asyncio
from collections import deque
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

_HIGH, _LOW = 1 << 20, 1 << 18


class TakenOver(asyncio.Protocol):
    """A Pipe over a transport that was somebody else's."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._is_tls = transport.get_extra_info("sslcontext") is not None  # cannot be asked at the end
        self._parts: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._changed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        transport.set_protocol(self)
        transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Keep what arrived, and stop reading when it becomes much."""
        self._parts.append(data)
        self._size += len(data)
        if self._size > _HIGH:
            self._transport.pause_reading()
        self._changed.set()

    def eof_received(self) -> bool:
        """The client closed its side; ours stays open until we close it."""
        self._ended = True
        self._changed.set()
        return not self._is_tls  # TLS has no half-closed connections

    def connection_lost(self, exc: Exception | None) -> None:
        """The end in both directions."""
        self._ended = True
        self._changed.set()
        self._writable.set()

    def pause_writing(self) -> None:
        """The client is slow."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It caught up."""
        self._writable.set()

    async def receive(self) -> bytes:
        """The next bytes; empty at the end."""
        while not self._parts:
            if self._ended:
                return b""
            self._changed.clear()
            await self._changed.wait()
        data = self._parts.popleft()
        self._size -= len(data)
        if self._size < _LOW:
            self._transport.resume_reading()
        return data

    async def send(self, data: bytes) -> None:
        """Send, waiting while the client is slow; ConnectionError once it is gone."""
        await self._writable.wait()
        if self._transport.is_closing():
            raise ConnectionResetError("the client is gone")
        self._transport.write(data)

    def close(self) -> None:
        """Send what is left and close."""
        self._transport.close()


class NoResponse(web.StreamResponse):
    """What a handler returns after a take-over: nothing is written for it."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write nothing."""
        return None

    async def write_eof(self, data: Any = b"") -> None:
        """Write nothing."""


def take_over(request: web.BaseRequest, *, upgrade: str, headers: dict[str, str]) -> TakenOver:
    """Answer 101 and give the connection; the handler returns `NoResponse()` when it is done with it."""
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client is gone")
    assert isinstance(transport, asyncio.Transport)
    pipe = TakenOver(transport)
    lines = {"Connection": "Upgrade", "Upgrade": upgrade, **headers}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    transport.write(f"HTTP/1.1 101 Switching Protocols\r\n{text}\r\n".encode())
    return pipe
