"""Frames on an asyncio loop: one end of the control channel, or of the line to a pod's init."""

import asyncio
import os
import socket
import struct
from collections import deque
from collections.abc import Sequence

from convoy.cluster.frames import FrameReader, Message, encode_frame, send_some

_PEER_CREDENTIALS = struct.Struct("3i")


class Channel:
    """Sends and receives messages with descriptors over one connected Unix stream socket."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._reader = FrameReader()
        self._ready: deque[tuple[Message, list[int]]] = deque()
        self._sending = asyncio.Lock()
        self._closed = False

    async def send(self, message: Message, fds: Sequence[int] = ()) -> None:
        """Send one message; raises OSError when the other end is gone."""
        async with self._sending:
            data = memoryview(encode_frame(message, fds))
            while data:
                try:
                    sent = send_some(self._socket, data, fds)
                except BlockingIOError:
                    await self._wait(writable=True)
                    continue
                data, fds = data[sent:], ()

    async def receive(self) -> tuple[Message, list[int]] | None:
        """The next message and its descriptors, which the caller owns; None at the end of the stream."""
        while not self._ready:
            if self._closed:
                return None
            try:
                if not self._reader.receive(self._socket):
                    return None
            except BlockingIOError:
                await self._wait(writable=False)
            except OSError:
                return None
            self._ready.extend(self._reader.messages())
        return self._ready.popleft()

    async def _wait(self, *, writable: bool) -> None:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        fd = self._socket.fileno()
        if fd < 0:
            raise BrokenPipeError("the channel was closed")
        add, remove = (
            (loop.add_writer, loop.remove_writer) if writable else (loop.add_reader, loop.remove_reader)
        )
        add(fd, _wake, waiter)
        try:
            await waiter
        finally:
            remove(fd)

    def close(self) -> None:
        """Close the socket; a `receive` that waits must be cancelled by its owner."""
        self._closed = True
        self._socket.close()
        self._reader.close()
        for _message, fds in self._ready:
            close_all(fds)
        self._ready.clear()


def close_all(fds: Sequence[int]) -> None:
    """Close descriptors that came with a message."""
    for fd in fds:
        os.close(fd)


def peer_uid(sock: socket.socket) -> int:
    """The user at the other end, as seen from this user namespace (SO_PEERCRED)."""
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size)
    return int(_PEER_CREDENTIALS.unpack(raw)[1])


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
