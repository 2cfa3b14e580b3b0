"""An encoder from the decoder's own table, as Go writes it; for values that have no zeros in them."""

import base64
import struct
from typing import Any

import orjson

from convoy.cluster.apiserver.protobuf.decoding import MAGIC
from convoy.cluster.apiserver.protobuf.fields import Field, Message, load_fields


def encode_body(obj: dict[str, Any]) -> bytes:
    """The envelope round an object of a built-in kind."""
    message = load_fields().find(obj["apiVersion"], obj["kind"])
    assert message is not None
    type_meta = text(1, obj["apiVersion"]) + text(2, obj["kind"])
    inner = encode_message(message, {key: obj[key] for key in obj if key not in ("apiVersion", "kind")})
    return MAGIC + chunk(1, type_meta) + chunk(2, inner) + chunk(3, b"") + chunk(4, b"")


def encode_message(message: Message, value: dict[str, Any]) -> bytes:
    out = b""
    for number, field in message.items():
        if field.shape == "inline":
            assert isinstance(field.kind, dict)
            names = {each.name for each in field.kind.values()}
            own = {key: value[key] for key in value if key in names}
            out += chunk(number, encode_message(field.kind, own)) if own else b""
        elif field.name in value:
            out += encode_field(number, field, value[field.name])
    return out


def encode_field(number: int, field: Field, value: Any) -> bytes:
    if field.shape == "list":
        return b"".join(encode_value(number, field.kind, each) for each in value)
    if field.shape == "map":
        entries = (text(1, key) + encode_value(2, field.kind, each) for key, each in value.items())
        return b"".join(chunk(number, entry) for entry in entries)
    return encode_value(number, field.kind, value)


def encode_value(number: int, kind: str | Message, value: Any) -> bytes:
    if isinstance(kind, dict):
        return chunk(number, encode_message(kind, value))
    if kind in ("i", "t"):
        return varint(number << 3) + varint(int(value))
    if kind == "d":
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if kind == "b":
        return chunk(number, base64.b64decode(value))
    if kind == "s":
        return text(number, value)
    return chunk(number, encode_special(kind, value))


def encode_special(kind: str, value: Any) -> bytes:
    if kind == "intstr":
        return b"\x08\x01" + text(3, value) if isinstance(value, str) else b"\x08\x00\x10" + varint(value)
    if kind in ("json", "raw"):
        return chunk(1, orjson.dumps(value))
    if kind == "strings":
        return b"".join(text(1, each) for each in value)
    if kind == "quantity":
        return text(1, value)
    assert kind in ("orbool", "orarray", "orstrings"), kind
    if isinstance(value, bool):
        return b"\x08" + varint(int(value))
    schema = load_fields().schema
    if isinstance(value, dict):
        return chunk(2 if kind == "orbool" else 1, encode_message(schema, value))
    parts = (
        text(2, each) if isinstance(each, str) else chunk(2, encode_message(schema, each)) for each in value
    )
    return b"".join(parts)


def varint(value: int) -> bytes:
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def chunk(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def text(number: int, value: str) -> bytes:
    return chunk(number, value.encode())
