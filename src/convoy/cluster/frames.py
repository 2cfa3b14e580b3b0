"""Length-prefixed JSON over a Unix stream socket, with file descriptors beside it.

One message is four bytes of length (big endian) and a JSON object; its member `fds` says how many descriptors
belong to it. Descriptors travel with the message's first byte and arrive in order, so a queue pairs them up
again. Used blocking by the world's init and the pods' inits, and without blocking by `channel`.
"""

import array
import json
import os
import socket
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

LENGTH = struct.Struct(">I")
MAX_MESSAGE = 64 << 20
MAX_FDS = 16
_CHUNK = 1 << 18

Message = dict[str, Any]


class FrameError(Exception):
    """The other side does not speak this protocol."""


def encode_frame(message: Message, fds: Sequence[int] = ()) -> bytes:
    """The bytes of one message that announces `fds`."""
    body = json.dumps({**message, "fds": len(fds)} if fds else message, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body


class FrameReader:
    """Puts messages and their descriptors together from whatever pieces arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._fds: deque[int] = deque()

    def receive(self, sock: socket.socket) -> bool:
        """Read once; False at the end of the stream. Raises BlockingIOError as the socket does."""
        data, fds, _flags, _address = socket.recv_fds(sock, _CHUNK, MAX_FDS, socket.MSG_CMSG_CLOEXEC)
        self._fds.extend(fds)
        self._buffer += data
        return bool(data)

    def messages(self) -> Iterator[tuple[Message, list[int]]]:
        """The whole messages that have arrived."""
        while len(self._buffer) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer)
            if length > MAX_MESSAGE:
                raise FrameError(f"a message of {length} bytes was announced")
            if len(self._buffer) < LENGTH.size + length:
                return
            message = json.loads(self._buffer[LENGTH.size : LENGTH.size + length])
            del self._buffer[: LENGTH.size + length]
            yield message, [self._fds.popleft() for _ in range(message.pop("fds", 0))]

    def close(self) -> None:
        """Close descriptors that no message claimed."""
        while self._fds:
            os.close(self._fds.popleft())


def send_frame(sock: socket.socket, message: Message, fds: Sequence[int] = ()) -> None:
    """Send one message on a blocking socket."""
    data = encode_frame(message, fds)
    sent = send_some(sock, data, fds)
    sock.sendall(memoryview(data)[sent:])


def send_some(sock: socket.socket, data: bytes | memoryview, fds: Sequence[int] = ()) -> int:
    """One sendmsg(2): the descriptors, if any, and as many bytes as the socket takes."""
    if not fds:
        return sock.send(data)
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
    return sock.sendmsg([data], [rights])
