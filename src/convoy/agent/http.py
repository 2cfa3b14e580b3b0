"""One HTTP request over one connection, with the standard library alone.

A request costs a connection, which is right for a few per minute. HTTP/1.1 with `Connection: close`; the
reply is read to its end within a bound.
"""

import asyncio
import http.client
import io
from collections.abc import Mapping

import msgspec

MAX_REPLY_BYTES = 64 * 1024 * 1024


class Reply(msgspec.Struct, frozen=True):
    """Status and body of an HTTP reply."""

    status: int
    body: bytes


async def exchange(
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    target: str,
    *,
    host: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Reply:
    """Send one request on an open connection, read the reply, close. OSError or EOFError when it breaks."""
    reader, writer = streams
    lines = {"Host": host, "Connection": "close", "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    try:
        writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        await writer.drain()
        return parse_reply(await _read_to_end(reader))
    finally:
        writer.close()


def parse_reply(data: bytes) -> Reply:
    """The reply in the bytes of a closed connection; EOFError when they are not a whole reply."""
    response = http.client.HTTPResponse(_Received(data))  # type: ignore[arg-type]
    try:
        response.begin()
        return Reply(response.status, response.read())
    except (http.client.HTTPException, ValueError) as error:
        raise EOFError("the reply is not HTTP, or is cut short") from error


async def _read_to_end(reader: asyncio.StreamReader) -> bytes:
    received = bytearray()
    while chunk := await reader.read(65536):
        received += chunk
        if len(received) > MAX_REPLY_BYTES:
            raise EOFError(f"the reply has more than {MAX_REPLY_BYTES} bytes")
    return bytes(received)


class _Received:
    """Bytes in the place of the socket that HTTPResponse reads from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)
