"""One call of `grpc.health.v1.Health/Check` on a socket that is connected already.

A gRPC library would make its own connection, in the caller's namespace and without its mark, and costs many
megabytes. What is needed of HTTP/2 is little: our headers go uncompressed, theirs are not read, because
a health answer is told by its message alone.
https://github.com/grpc/grpc/blob/master/doc/health-checking.md, RFC 9113
"""

import asyncio
import socket
import struct

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY = 0, 1, 3, 4, 6, 7
_ACK, _END_STREAM, _END_HEADERS, _PADDED = 0x1, 0x1, 0x4, 0x8
_LONGEST_FRAME = 1 << 20
_STATES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}


async def check_health(sock: socket.socket, service: str, *, authority: str) -> str:
    """The serving status of a service ("" is the whole server); "" when it answered without one.

    Raises OSError, also for an answer that is not HTTP/2.
    """
    reader, writer = await asyncio.open_connection(sock=sock)
    try:
        writer.write(_PREFACE + _frame(_SETTINGS, 0, 0, b"") + _request(service, authority))
        return await _read_answer(reader, writer)
    except asyncio.IncompleteReadError as error:
        raise ConnectionError("the connection ended without an answer") from error
    finally:
        writer.close()


def _request(service: str, authority: str) -> bytes:
    headers = (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/grpc.health.v1.Health/Check"),
        (":authority", authority),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("user-agent", "kube-probe"),
    )
    block = b"".join(b"\x00" + _text(name) + _text(value) for name, value in headers)
    message = b"\x0a" + _integer(len(service.encode()), 8) + service.encode() if service else b""
    body = struct.pack(">BI", 0, len(message)) + message
    return _frame(_HEADERS, _END_HEADERS, 1, block) + _frame(_DATA, _END_STREAM, 1, body)


def _text(text: str) -> bytes:
    """A string literal of HPACK, without Huffman coding (RFC 7541, 5.2)."""
    raw = text.encode()
    return _integer(len(raw), 7) + raw


def _integer(number: int, bits: int) -> bytes:
    """A length: HPACK's with 7 bits in the first byte; with 8, a protobuf varint."""
    if bits == 8:
        out = bytearray()
        while number > 0x7F:
            out.append(number & 0x7F | 0x80)
            number >>= 7
        return bytes([*out, number])
    if number < 0x7F:
        return bytes([number])
    return b"\x7f" + _integer(number - 0x7F, 8)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


async def _read_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    message = b""
    while True:
        head = await reader.readexactly(9)
        length = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        if length > _LONGEST_FRAME:
            raise ConnectionError("the answer was not HTTP/2")
        payload = await reader.readexactly(length)
        if kind in (_SETTINGS, _PING) and not flags & _ACK:
            writer.write(_frame(kind, _ACK, 0, payload if kind == _PING else b""))
        elif kind in (_GOAWAY, _RESET):
            raise ConnectionError("the server refused the call")
        elif kind == _DATA:
            padding = payload[0] if flags & _PADDED else 0
            message += payload[1 : len(payload) - padding] if flags & _PADDED else payload
        if stream == 1 and kind in (_DATA, _HEADERS) and flags & _END_STREAM:
            return parse_health(message)


def parse_health(message: bytes) -> str:
    """The status in a HealthCheckResponse with its gRPC prefix; "" when there is no message."""
    if len(message) < 5:
        return ""
    body = message[5:]
    number = body[1] if len(body) >= 2 and body[0] == 0x08 else 0
    return _STATES.get(number, str(number))
