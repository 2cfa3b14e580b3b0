"""SPDY/3.1 frames to events and back, without I/O.

Flow control is one-sided: what arrives is acknowledged at once, and what is sent does not wait for the peer's
windows, as kubectl's library never opens any. TCP's own backpressure limits both directions.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from convoy.cluster.apiserver.streams.spdy.dictionary import DICTIONARY

_CONTROL = 0x8003  # control bit and version 3
_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _HEADERS, _WINDOW_UPDATE = (
    1,
    2,
    3,
    4,
    6,
    7,
    8,
    9,
)
_FIN = 1
_MAX_FRAME = 1 << 20
_MAX_HEADERS = 64 * 1024
_DATA_SIZE = 32 * 1024


class SpdyError(Exception):
    """The peer does not speak SPDY/3.1."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The peer opened a stream; header names are in lower case."""

    stream: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Received:
    """Data of a stream."""

    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class HalfClosed:
    """The peer will send no more on a stream."""

    stream: int


@dataclass(frozen=True, slots=True)
class Aborted:
    """The peer gave a stream up."""

    stream: int


Event = Opened | Received | HalfClosed | Aborted


class Framing:
    """One connection's framing: `receive` gives events, and `take_replies` what they make us say."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._replies = bytearray()

    def receive(self, data: bytes) -> Iterator[Event]:
        """Take bytes in; raises SpdyError, after which the connection is of no use."""
        self._buffer += data
        while len(self._buffer) >= 8:
            head, rest = struct.unpack_from(">II", self._buffer)
            length = rest & 0xFFFFFF
            if head >> 31 and head >> 16 != _CONTROL:
                raise SpdyError("a frame is not of SPDY/3")
            if length > _MAX_FRAME:
                raise SpdyError("a frame is too large")
            if len(self._buffer) < 8 + length:
                return
            body = bytes(self._buffer[8 : 8 + length])
            del self._buffer[: 8 + length]
            if head >> 31:
                yield from self._control(head, rest >> 24, body)
            else:
                yield from self._data(head, rest >> 24, body)

    def _data(self, stream: int, flags: int, body: bytes) -> Iterator[Event]:
        if body:
            for target in (stream, 0):  # 3.1 has a window for the whole session, too
                self._replies += _control_frame(_WINDOW_UPDATE, struct.pack(">II", target, len(body)))
            yield Received(stream, body)
        if flags & _FIN:
            yield HalfClosed(stream)

    def _control(self, head: int, flags: int, body: bytes) -> Iterator[Event]:
        kind = head & 0xFFFF
        try:
            if kind == _SYN_STREAM:
                stream = struct.unpack_from(">I", body)[0] & 0x7FFFFFFF
                headers = self._headers(body[10:])
                self._replies += self._reply(stream)
                yield Opened(stream, headers)
                if flags & _FIN:
                    yield HalfClosed(stream)
            elif kind == _HEADERS:  # read because its block is part of the shared compression
                self._headers(body[4:])
            elif kind == _RST_STREAM:
                yield Aborted(struct.unpack_from(">I", body)[0] & 0x7FFFFFFF)
            elif kind == _PING:
                self._replies += _control_frame(_PING, body)
        except (struct.error, zlib.error, UnicodeDecodeError) as error:
            raise SpdyError("a frame cannot be read") from error

    def _headers(self, block: bytes) -> dict[str, str]:
        plain = self._inflate.decompress(block, _MAX_HEADERS)
        if self._inflate.unconsumed_tail:
            raise SpdyError("a header block is too large")
        (count,) = struct.unpack_from(">I", plain)
        position, headers = 4, {}
        for _ in range(count):
            pair = []
            for _ in range(2):
                (length,) = struct.unpack_from(">I", plain, position)
                text = plain[position + 4 : position + 4 + length]
                if len(text) < length:
                    raise SpdyError("a header block ends early")
                pair.append(text.decode())
                position += 4 + length
            headers[pair[0].lower()] = pair[1]
        return headers

    def _reply(self, stream: int) -> bytes:
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control_frame(_SYN_REPLY, struct.pack(">I", stream) + block)

    def take_replies(self) -> bytes:
        """What must be sent because of what arrived, once."""
        replies = bytes(self._replies)
        self._replies.clear()
        return replies


def _control_frame(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack(">HHI", _CONTROL, kind, flags << 24 | len(body)) + body


def data_frames(stream: int, data: bytes) -> bytes:
    """Data of a stream, in frames of a moderate size."""
    pieces = (data[start : start + _DATA_SIZE] for start in range(0, len(data), _DATA_SIZE))
    return b"".join(struct.pack(">II", stream, len(piece)) + piece for piece in pieces)


def half_close(stream: int) -> bytes:
    """Say that no more will be sent on a stream."""
    return struct.pack(">II", stream, _FIN << 24)


def abort(stream: int) -> bytes:
    """Give a stream up (CANCEL)."""
    return _control_frame(_RST_STREAM, struct.pack(">II", stream, 5))


def go_away(last_stream: int) -> bytes:
    """Say that the connection ends."""
    return _control_frame(_GOAWAY, struct.pack(">II", last_stream, 0))
