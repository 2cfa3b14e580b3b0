"""Turn Envoy messages into chunks, and chunks into responses.

The builders' messages come in; `Resource`s come out, encoded once, whoever receives them. Joining them to a
response is copying bytes, for protobuf fields may stand in any order. Field numbers are those of
envoy/service/discovery/v3/discovery.proto; both kinds of response use the same ones for what they share.
"""

from collections.abc import Iterable
from functools import lru_cache

from envoy.config.endpoint.v3 import endpoint_pb2
from google.protobuf.message import Message

from convoy.kit.digests import digest
from convoy.xds.cache.resources import ENDPOINT, Resource

_LENGTH_DELIMITED = 2

# DiscoveryResponse and DeltaDiscoveryResponse.
_VERSION = 1
_RESOURCES = 2
_TYPE_URL = 4
_NONCE = 5
# DeltaDiscoveryResponse only.
_REMOVED = 6
# Resource, the entry of a DeltaDiscoveryResponse.
_RESOURCE_VERSION = 1
_RESOURCE_BODY = _RESOURCES  # so that the body as it stands is the entry of a DiscoveryResponse
_RESOURCE_NAME = 3
# google.protobuf.Any.
_ANY_TYPE_URL = 1
_ANY_VALUE = 2


def encode_resource(type_url: str, name: str, message: Message) -> Resource:
    """Encode a message for both protocols; its version is the hash of its deterministic serialization."""
    return encode_value(type_url, name, encode_message(message))


def encode_message(message: Message) -> bytes:
    """The serialization that is the same for equal messages."""
    return message.SerializeToString(deterministic=True)


def encode_field(number: int, message: Message) -> bytes:
    """A message as a field of another: whoever joins the bytes of all fields has the bytes of the whole."""
    return bytes_field(number, encode_message(message))


def encode_value(type_url: str, name: str, value: bytes) -> Resource:
    """Encode for both protocols a message whose bytes are known; its version is their hash."""
    version = digest(value)
    packed = _text_field(_ANY_TYPE_URL, type_url) + bytes_field(_ANY_VALUE, value)
    body = bytes_field(_RESOURCE_BODY, packed)
    before = _text_field(_RESOURCE_VERSION, version)
    entry = before + body + _text_field(_RESOURCE_NAME, name)
    chunk = bytes_field(_RESOURCES, entry)
    start = len(chunk) - len(entry) + len(before)
    return Resource(
        name=name, version=version, delta_chunk=chunk, sotw_start=start, sotw_end=start + len(body)
    )


def encode_empty_assignment(cluster: str) -> Resource:
    """The assignment that tells a client that a cluster has no endpoints."""
    return encode_resource(ENDPOINT, cluster, endpoint_pb2.ClusterLoadAssignment(cluster_name=cluster))


def join_delta(
    type_url: str, version: str, *, nonce: str, chunks: Iterable[bytes], removed: Iterable[str] = ()
) -> bytes:
    """A DeltaDiscoveryResponse; `version` is informational there."""
    head = _head(type_url, version, nonce)
    return b"".join((head, *chunks, *(_text_field(_REMOVED, name) for name in removed)))


def join_sotw(type_url: str, version: str, *, nonce: str, chunks: Iterable[bytes]) -> bytes:
    """A DiscoveryResponse."""
    return b"".join((_head(type_url, version, nonce), *chunks))


@lru_cache(maxsize=256)
def _head(type_url: str, version: str, nonce: str) -> bytes:
    """What both responses have besides their resources; many streams are at the same point."""
    return _text_field(_VERSION, version) + _text_field(_TYPE_URL, type_url) + _text_field(_NONCE, nonce)


def _text_field(number: int, text: str) -> bytes:
    return bytes_field(number, text.encode())


def bytes_field(number: int, value: bytes) -> bytes:
    """A field of a message that is text, bytes or a message itself, encoded."""
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
