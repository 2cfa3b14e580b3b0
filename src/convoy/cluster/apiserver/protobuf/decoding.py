"""Messages as the JSON objects they stand for, in the envelope that says of which kind they are."""

import base64
import math
import struct
from collections.abc import Callable
from typing import Any

from convoy.cluster.apiserver.protobuf.fields import Field, Message, load_fields
from convoy.cluster.apiserver.protobuf.special import DECODERS, parse_json, text_of, value_of, values_of
from convoy.cluster.apiserver.protobuf.wire import WireError, read_fields, read_varint, signed

MAGIC = b"k8s\0"
# Messages in messages; only schemas have no natural end. orjson writes 254 levels; one may be two of them.
DEEPEST = 64
_ZERO: tuple[Any, ...] = ("", 0, False)


class UnknownKindError(Exception):
    """A well-formed envelope round an object of a kind that has no protobuf form here."""


def decode_envelope(data: bytes, depth: int = 0) -> dict[str, Any]:
    """The object in an envelope: the four bytes of MAGIC and a runtime.Unknown, with kind and bytes in it.

    Raises WireError, UnknownKindError.
    """
    if not data.startswith(MAGIC):
        raise WireError("the body does not start as Kubernetes protobuf does")
    unknown = data[len(MAGIC) :]
    type_meta: bytes = value_of(unknown, 1, bytes)
    api_version, kind = text_of(value_of(type_meta, 1, bytes)), text_of(value_of(type_meta, 2, bytes))
    if value_of(unknown, 3, bytes):
        raise WireError("the object is in a content encoding, and none is known")
    message = load_fields().find(api_version, kind)
    if message is None:
        raise UnknownKindError(f'no kind "{kind}" is registered for version "{api_version}"')
    return {
        "apiVersion": api_version,
        "kind": kind,
        **decode_message(message, value_of(unknown, 2, bytes), depth),
    }


def decode_message(message: Message, data: bytes, depth: int = 0) -> dict[str, Any]:
    """The JSON object of a message; fields that the table does not have are passed over. Raises WireError."""
    if depth > DEEPEST:
        raise WireError(f"messages are nested more than {DEEPEST} deep")
    out: dict[str, Any] = {}
    for number, value in read_fields(data):
        field = message.get(number)
        if field is not None:
            _SHAPES[field.shape](out, field, value, depth)
    return out


def _keep(out: dict[str, Any], field: Field, value: int | bytes, depth: int) -> None:
    decoded = decode_value(field, value, depth)
    if decoded is not None:
        out[field.name] = decoded


def _keep_unless_zero(out: dict[str, Any], field: Field, value: int | bytes, depth: int) -> None:
    decoded = decode_value(field, value, depth)
    # Messages stay even when they are empty: Go writes `"status": {}`, too.
    if isinstance(decoded, dict) or (decoded is not None and decoded not in _ZERO):
        out[field.name] = decoded


def _append(out: dict[str, Any], field: Field, value: int | bytes, depth: int) -> None:
    values = out.setdefault(field.name, [])
    if field.kind in ("i", "t") and isinstance(value, bytes):  # packed
        at = 0
        while at < len(value):
            number, at = read_varint(value, at)
            values.append(decode_value(field, number, depth))
    else:
        values.append(decode_value(field, value, depth))


def _enter(out: dict[str, Any], field: Field, value: int | bytes, depth: int) -> None:
    """One entry of a map: a message of key and value. What is absent in it is zero."""
    key, item = "", b""
    for number, part in read_fields(_bytes(value)):
        if number == 1:
            key = text_of(_bytes(part))
        elif number == 2:
            item = _bytes(part)  # no map in the API has numbers for values
    out.setdefault(field.name, {})[key] = decode_value(field, item, depth)


def _merge(out: dict[str, Any], field: Field, value: int | bytes, depth: int) -> None:
    assert isinstance(field.kind, dict)
    out.update(decode_message(field.kind, _bytes(value), depth + 1))


_SHAPES = {"kept": _keep, "omitted": _keep_unless_zero, "list": _append, "map": _enter, "inline": _merge}


def decode_value(field: Field, value: int | bytes, depth: int) -> Any:
    """A field's value, one element of it for a list or map. Raises WireError."""
    if isinstance(field.kind, dict):
        return decode_message(field.kind, _bytes(value), depth + 1)
    if field.kind == "s":
        return text_of(_bytes(value))
    if field.kind in ("i", "t"):
        if not isinstance(value, int):
            raise WireError(f"{field.name} is not a number")
        return signed(value) if field.kind == "i" else value != 0
    if field.kind == "b":
        return base64.b64encode(_bytes(value)).decode()
    if field.kind == "d":
        return _double(field, _bytes(value))
    if field.kind in _NESTED:
        return _NESTED[field.kind](_bytes(value), depth + 1)
    return DECODERS[field.kind](_bytes(value))


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise WireError("a number where a message or text should be")
    return value


def _double(field: Field, value: bytes) -> float | int:
    if len(value) != 8:
        raise WireError(f"{field.name} is not a double")
    number: float = struct.unpack("<d", value)[0]
    if not math.isfinite(number):
        raise WireError(f"{field.name} is not a finite number")
    # JSON knows one kind of number, and Go writes `10` for 10.0.
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _raw(data: bytes, depth: int) -> Any:
    """A RawExtension: an object in JSON, or in an envelope of its own."""
    raw: bytes = value_of(data, 1, bytes)
    return decode_envelope(raw, depth) if raw.startswith(MAGIC) else parse_json(raw)


def _schema(data: bytes, depth: int) -> dict[str, Any]:
    return decode_message(load_fields().schema, data, depth)


def _one_schema(data: bytes, depth: int) -> dict[str, Any] | None:
    schemas = values_of(data, 1, bytes)
    return _schema(schemas[-1], depth) if schemas else None


def _schema_or_bool(data: bytes, depth: int) -> Any:
    """JSONSchemaPropsOrBool: a schema, or whether there may be any."""
    schemas = values_of(data, 2, bytes)
    return _schema(schemas[-1], depth) if schemas else value_of(data, 1, int) != 0


def _schema_or_schemas(data: bytes, depth: int) -> Any:
    """JSONSchemaPropsOrArray: one schema, or several."""
    return [_schema(each, depth) for each in values_of(data, 2, bytes)] or _one_schema(data, depth)


def _schema_or_strings(data: bytes, depth: int) -> Any:
    """JSONSchemaPropsOrStringArray: a schema, or names of properties."""
    return [text_of(each) for each in values_of(data, 2, bytes)] or _one_schema(data, depth)


_NESTED: dict[str, Callable[[bytes, int], Any]] = {
    "raw": _raw,
    "orbool": _schema_or_bool,
    "orarray": _schema_or_schemas,
    "orstrings": _schema_or_strings,
}
