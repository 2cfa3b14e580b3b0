"""Doors from the host: listening sockets that belong to it, relayed to addresses inside the world."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

_CHUNK = 1 << 16
_CONNECT_TIMEOUT = 5.0

Connect = Callable[[], Awaitable[socket.socket]]


class Forward:
    """One listening socket and the connections accepted on it."""

    def __init__(self, listener: socket.socket, connect: Connect) -> None:
        self._listener = listener
        self._connect = connect
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begin to accept."""
        self._server = await asyncio.start_server(self._relay, sock=self._listener)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                inner_reader, inner_writer = await asyncio.open_connection(sock=await self._connect())
        except (OSError, TimeoutError):
            writer.transport.abort()
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_copy(reader, inner_writer), name="forward:in")
                tasks.create_task(_copy(inner_reader, writer), name="forward:out")
        except* OSError:  # reset by one side, so the other is told the same way
            writer.transport.abort()
            inner_writer.transport.abort()
        finally:
            writer.close()
            inner_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end of the stream, and pass that end on; the other direction may go on."""
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if not writer.transport.is_closing():
        writer.write_eof()
