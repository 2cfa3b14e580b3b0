"""Servers of bytes, each answering line by line with the pod's name first.

| kind | answers `hello` with |
|---|---|
| `lines` | `<pod> hello` |
| `greeter` | the same, after it said `220 <pod>` unasked |
| `proxied` | `<pod> <what the PROXY header said> hello`; a connection without the header is closed |
| `tunnel` | inside of a CONNECT or POST: `<pod> <method> <target> hello` |
| `full` | nothing: its queue of connections is full, so that nobody can connect |
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Talk = Callable[[str, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


async def _lines(prefix: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(f"{prefix} ".encode() + line)


async def _greeter(pod: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(f"220 {pod}\n".encode())
    await _lines(pod, reader, writer)


async def _proxied(pod: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    start = await reader.readexactly(6)
    if start == b"PROXY ":
        said = f"v1 {(await reader.readline()).decode().strip()}"
    elif start == _SIGNATURE[:6]:
        said = await _version_2(reader)
    else:
        return
    await _lines(f"{pod} {said}", reader, writer)


async def _version_2(reader: asyncio.StreamReader) -> str:
    """What a binary header says, in the words of the text one."""
    assert await reader.readexactly(6) == _SIGNATURE[6:]
    _command, family = await reader.readexactly(2)
    rest = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    if family != 0x11:
        return "v2 UNKNOWN"
    source, destination = ipaddress.ip_address(rest[:4]), ipaddress.ip_address(rest[4:8])
    ports = int.from_bytes(rest[8:10], "big"), int.from_bytes(rest[10:12], "big")
    return f"v2 TCP4 {source} {destination} {ports[0]} {ports[1]}"


async def _tunnel(pod: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _version = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    prefix = f"{pod} {method} {target if method == 'CONNECT' else headers.get('host', '') + target}"
    if method == "CONNECT":
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await _lines(prefix, reader, writer)
        return
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while size := int((await reader.readline()).strip() or b"0", 16):
        line = f"{prefix} ".encode() + await reader.readexactly(size)
        await reader.readexactly(2)
        writer.write(b"%x\r\n%b\r\n" % (len(line), line))


KINDS: dict[str, Talk] = {"lines": _lines, "greeter": _greeter, "proxied": _proxied, "tunnel": _tunnel}


_FULL: list[socket.socket] = []


def serve_nobody(port: int) -> None:
    """Listen without ever taking a connection, and fill the queue."""
    _FULL.append(socket.create_server(("0.0.0.0", port), backlog=0))
    _FULL.append(socket.create_connection(("127.0.0.1", port)))


async def serve(pod: str, port: int, talk: Talk) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(pod, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    await asyncio.start_server(handle, "0.0.0.0", port)
