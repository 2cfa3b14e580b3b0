"""A lean HTTP/1.1 load generator on sockets that are already connected.

It reads no more of an answer than it must (status, Content-Length, body), so that little of the machine is
spent on the client. One request at a time on each connection; bounded by count.
"""

import asyncio
import socket
import time
from collections.abc import Sequence

import msgspec

HEAD_END = b"\r\n\r\n"


class LoadResult(msgspec.Struct, frozen=True):
    """What a run saw; latencies in seconds, sorted."""

    seconds: float
    latencies: tuple[float, ...]
    failures: int

    @property
    def rate(self) -> float:
        """Answered requests a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency, in seconds, below which `share` (0..1) of the requests stayed."""
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))]


class _Client(asyncio.Protocol):
    """Sends the request again whenever an answer is complete, as long as there are turns left."""

    def __init__(self, request: bytes, turns: "_Turns") -> None:
        self._request = request
        self._turns = turns
        self._buffer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(HEAD_END)
        if head < 0:
            return
        length = _content_length(self._buffer[:head])
        if len(self._buffer) < head + len(HEAD_END) + length:
            return
        is_ok = self._buffer.startswith(b"HTTP/1.1 200")
        self._buffer = self._buffer[head + len(HEAD_END) + length :]
        self._turns.record(time.perf_counter() - self._sent_at, is_ok=is_ok)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._turns.close_one()

    def _send(self) -> None:
        if not self._turns.take():
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


class _Turns:
    def __init__(self, count: int, connections: int) -> None:
        self._left = count
        self._open = connections
        self.latencies: list[float] = []
        self.failures = 0
        self.done = asyncio.get_running_loop().create_future()

    def take(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def record(self, seconds: float, *, is_ok: bool) -> None:
        self.latencies.append(seconds)
        self.failures += not is_ok

    def close_one(self) -> None:
        self._open -= 1
        if self._open == 0:
            self.done.set_result(None)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without Content-Length; this load needs one")


async def run_load(sockets: Sequence[socket.socket], *, host: str, path: str, count: int) -> LoadResult:
    """`count` GET requests over the sockets; they are closed at the end."""
    loop = asyncio.get_running_loop()
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    turns = _Turns(count, len(sockets))
    start = time.perf_counter()
    for sock in sockets:
        sock.setblocking(False)
        await loop.create_connection(lambda: _Client(request, turns), sock=sock)
    await turns.done
    return LoadResult(time.perf_counter() - start, tuple(sorted(turns.latencies)), turns.failures)
