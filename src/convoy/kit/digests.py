"""Content hashes of bytes and of frozen structs.

A digest stands for content alone: equal content gives equal digests in every process, on every machine.
"""

import hashlib
from typing import Any

import msgspec

_encoder = msgspec.msgpack.Encoder(order="deterministic")


def digest(data: bytes) -> str:
    """16 hexadecimal characters (64 bits) of the SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


def digest_of(value: Any) -> str:
    """The digest of a struct, tuple, mapping or plain value, over its deterministic msgpack form."""
    return digest(_encoder.encode(value))
