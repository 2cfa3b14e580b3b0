"""The bytes of delta requests, written from parts that many clients share.

A request that names thousands of resources is the same for all clients in the same state, so its long parts
are encoded once. Field numbers are those of envoy/service/discovery/v3/discovery.proto.
"""

import functools
from collections.abc import Iterable, Mapping

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from convoy.xds.cache.encode import bytes_field

_NODE, _TYPE_URL, _SUBSCRIBE, _UNSUBSCRIBE, _INITIAL_VERSIONS, _NONCE = 1, 2, 3, 4, 5, 6
_KEY, _VALUE = 1, 2


def encode_node(node_id: str) -> bytes:
    """The field by which the first request of a stream says who speaks."""
    request = DeltaDiscoveryRequest()
    request.node.id = node_id
    request.node.user_agent_name = "envoy"
    return request.SerializeToString()


@functools.lru_cache(maxsize=1024)
def encode_ack(type_url: str, nonce: str) -> bytes:
    """The request that accepts a response."""
    return encode_type(type_url) + bytes_field(_NONCE, nonce.encode())


@functools.lru_cache
def encode_type(type_url: str) -> bytes:
    """The field that every request has."""
    return bytes_field(_TYPE_URL, type_url.encode())


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
        bytes_field(
            _INITIAL_VERSIONS, bytes_field(_KEY, name.encode()) + bytes_field(_VALUE, version.encode())
        )
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
    return b"".join(bytes_field(number, name.encode()) for name in sorted(names))
