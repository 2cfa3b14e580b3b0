"""One gRPC call on an HTTP/2 connection of its own, as bytes in and out. Pure.

gRPC's own client spends several times as much on a message as its server does; with a thousand clients beside
the server on one machine, the clients would be what is measured. Frames are those of RFC 9113, messages those
of gRPC over HTTP/2.
"""

import struct
from collections.abc import Iterator

import hpack

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_CONTINUATION = 9
_END_STREAM, _ACK, _END_HEADERS, _PADDED = 0x1, 0x1, 0x4, 0x8
_INITIAL_WINDOW_SIZE, _MAX_FRAME_SIZE = 4, 5
_STREAM = 1
_HEAD, _PREFIX = 9, 5

# As much as an Envoy lets its servers send ahead.
_CONNECTION_WINDOW, _STREAM_WINDOW = 24 << 20, 16 << 20
_FIRST_WINDOW = 65_535
_TOP_UP = 4 << 20
_LARGEST_RECEIVED, _LARGEST_SENT = 1 << 20, 16_384


class GrpcCall:
    """The client's end of a call that streams both ways."""

    def __init__(self, path: str, *, authority: str, is_secure: bool) -> None:
        self.end: str | None = None
        """Why the call is over; None while it goes on."""
        self._frame, self._wanted = bytearray(), _HEAD
        self._data_left = 0
        self._body = bytearray()
        self._header_block = bytearray()
        self._decoder = hpack.Decoder()
        self._consumed = 0
        self._unsent = bytearray()
        self._connection_credit = self._stream_credit = self._first_credit = _FIRST_WINDOW
        self._out = bytearray(_opening(path, authority, is_secure=is_secure))

    def send(self, message: bytes) -> None:
        """Say something; it goes out as the server's windows allow."""
        self._unsent += struct.pack(">BI", 0, len(message)) + message

    def outgoing(self) -> bytes:
        """What is to be written now."""
        while self._unsent and (credit := min(self._connection_credit, self._stream_credit)) > 0:
            part = self._unsent[: min(credit, _LARGEST_SENT)]
            del self._unsent[: len(part)]
            self._connection_credit -= len(part)
            self._stream_credit -= len(part)
            self._out += _frame(_DATA, part, stream=_STREAM)
        out, self._out = bytes(self._out), bytearray()
        return out

    def feed(self, data: memoryview) -> Iterator[bytearray]:
        """Take in what came; gives the messages that it completes."""
        at, end = 0, len(data)
        while at < end:
            if self._data_left:
                part = data[at : at + self._data_left]
                self._body += part
                self._data_left -= len(part)
            else:
                part = data[at : at + self._wanted - len(self._frame)]
                self._frame += part
                if len(self._frame) == self._wanted:
                    self._read_frame()
            at += len(part)
        return self._messages()

    def _messages(self) -> Iterator[bytearray]:
        while len(self._body) >= _PREFIX:
            end = _PREFIX + int.from_bytes(self._body[1:_PREFIX])
            if len(self._body) < end:
                return
            message, self._body = self._body, self._body[end:]
            del message[end:], message[:_PREFIX]
            yield message

    def _read_frame(self) -> None:
        """A head is there, or a whole frame; what follows the head of a DATA frame is read by `feed`."""
        length, kind, flags = int.from_bytes(self._frame[:3]), self._frame[3], self._frame[4]
        if kind == _DATA:
            self._data_left = length
            self._consume(length)
        elif len(self._frame) < _HEAD + length:
            self._wanted = _HEAD + length
            return
        if flags & _PADDED and kind in (_DATA, _HEADERS):
            self.end = "the server pads its frames, which is not understood here"
        stream, payload = int.from_bytes(self._frame[5:_HEAD]), bytes(self._frame[_HEAD:])
        self._frame, self._wanted = bytearray(), _HEAD
        if kind == _WINDOW_UPDATE:
            self._on_window_update(stream, int.from_bytes(payload))
        else:
            self._on_frame(kind, flags, payload)

    def _consume(self, length: int) -> None:
        self._consumed += length
        if self._consumed >= _TOP_UP:
            increment = struct.pack(">I", self._consumed)
            self._out += _frame(_WINDOW_UPDATE, increment)
            self._out += _frame(_WINDOW_UPDATE, increment, stream=_STREAM)
            self._consumed = 0

    def _on_frame(self, kind: int, flags: int, payload: bytes) -> None:
        if kind in (_HEADERS, _CONTINUATION):
            self._on_headers(flags, payload)
        elif kind == _SETTINGS and not flags & _ACK:
            self._on_settings(payload)
        elif kind == _PING and not flags & _ACK:
            self._out += _frame(_PING, payload, flags=_ACK)
        elif kind == _RST_STREAM:
            self.end = self.end or f"the stream was reset with code {int.from_bytes(payload)}"
        elif kind == _GOAWAY:
            self.end = self.end or f"the server goes away: {payload[8:].decode(errors='replace')}"

    def _on_window_update(self, stream: int, increment: int) -> None:
        if stream:
            self._stream_credit += increment
        else:
            self._connection_credit += increment

    def _on_headers(self, flags: int, payload: bytes) -> None:
        self._header_block += payload
        if flags & _END_HEADERS:
            headers = dict(self._decoder.decode(bytes(self._header_block), raw=True))
            self._header_block.clear()
            if status := headers.get(b"grpc-status"):
                self.end = f"status {status.decode()}: {headers.get(b'grpc-message', b'').decode()}"

    def _on_settings(self, payload: bytes) -> None:
        for key, value in struct.iter_unpack(">HI", payload):
            if key == _INITIAL_WINDOW_SIZE:
                self._stream_credit += value - self._first_credit
                self._first_credit = value
        self._out += _frame(_SETTINGS, flags=_ACK)


def _opening(path: str, authority: str, *, is_secure: bool) -> bytes:
    settings = ((_INITIAL_WINDOW_SIZE, _STREAM_WINDOW), (_MAX_FRAME_SIZE, _LARGEST_RECEIVED))
    headers = (
        (":method", "POST"),
        (":scheme", "https" if is_secure else "http"),
        (":path", path),
        (":authority", authority),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    )
    return (
        _PREFACE
        + _frame(_SETTINGS, b"".join(struct.pack(">HI", *each) for each in settings))
        + _frame(_WINDOW_UPDATE, struct.pack(">I", _CONNECTION_WINDOW - _FIRST_WINDOW))
        + _frame(_HEADERS, hpack.Encoder().encode(headers), flags=_END_HEADERS, stream=_STREAM)
    )


def _frame(kind: int, payload: bytes | bytearray = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload
