"""Read what a TLS client offers in its first record: the server name and the ALPN list (RFC 8446, 4.1.2)."""

import msgspec

_SERVER_NAME = 0
_ALPN = 16


class ClientHello(msgspec.Struct, frozen=True):
    server_name: str
    alpn: tuple[str, ...]


def parse_client_hello(record: bytes) -> ClientHello:
    """The parts of a ClientHello that routing depends on; ValueError for anything else."""
    if record[:1] != b"\x16" or record[5:6] != b"\x01":
        raise ValueError(f"not a ClientHello: {record[:16]!r}")
    # Record header 5, handshake header 4, version 2, random 32; then three lists of variable length.
    rest = record[43:]
    for length_bytes in (1, 2, 1):
        rest = _after_list(rest, length_bytes)
    extensions = _extensions(rest[2:])
    name = extensions.get(_SERVER_NAME, b"")[5:].decode()
    return ClientHello(name, tuple(_protocols(extensions.get(_ALPN, b"")[2:])))


def _after_list(data: bytes, length_bytes: int) -> bytes:
    return data[length_bytes + int.from_bytes(data[:length_bytes]) :]


def _extensions(data: bytes) -> dict[int, bytes]:
    found = {}
    while data:
        kind, length = int.from_bytes(data[:2]), int.from_bytes(data[2:4])
        found[kind], data = data[4 : 4 + length], data[4 + length :]
    return found


def _protocols(data: bytes) -> list[str]:
    found = []
    while data:
        found.append(data[1 : 1 + data[0]].decode())
        data = data[1 + data[0] :]
    return found
