"""The bytes of delta requests, written from parts that many clients share.

A request that names thousands of resources is the same for all clients in the same state, so its long parts
are encoded once. Field numbers are those of envoy/service/discovery/v3/discovery.proto.
"""

import functools
from collections.abc import Iterable, Mapping

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

_NODE, _TYPE_URL, _SUBSCRIBE, _UNSUBSCRIBE, _INITIAL_VERSIONS, _NONCE = 1, 2, 3, 4, 5, 6
_KEY, _VALUE = 1, 2
_LENGTH_DELIMITED = 2


def encode_node(node_id: str) -> bytes:
    """The field by which the first request of a stream says who speaks."""
    request = DeltaDiscoveryRequest()
    request.node.id = node_id
    request.node.user_agent_name = "envoy"
    return request.SerializeToString()


@functools.lru_cache(maxsize=1024)
def encode_ack(type_url: str, nonce: str) -> bytes:
    """The request that accepts a response."""
    return encode_type(type_url) + _field(_NONCE, nonce.encode())


@functools.lru_cache
def encode_type(type_url: str) -> bytes:
    """The field that every request has."""
    return _field(_TYPE_URL, type_url.encode())


@functools.lru_cache(maxsize=64)
def encode_subscribe(names: frozenset[str]) -> bytes:
    """The fields that ask for more names, in order."""
    return _encode_names(_SUBSCRIBE, names)


@functools.lru_cache(maxsize=64)
def encode_unsubscribe(names: frozenset[str]) -> bytes:
    """The fields that give names up, in order."""
    return _encode_names(_UNSUBSCRIBE, names)


def encode_versions(versions: Mapping[str, str]) -> bytes:
    """The fields that say, on a new stream, what a client has."""
    return b"".join(
        _field(_INITIAL_VERSIONS, _field(_KEY, name.encode()) + _field(_VALUE, version.encode()))
        for name, version in versions.items()
    )


def read_varint(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """A number of a message, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _encode_names(number: int, names: Iterable[str]) -> bytes:
    return b"".join(_field(number, name.encode()) for name in sorted(names))


def _field(number: int, value: bytes) -> bytes:
    return bytes((number << 3 | _LENGTH_DELIMITED,)) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
