"""OpenAPI v2 in protobuf, as kubectl before 1.24 reads it and nothing else.

The messages are gnostic's (openapiv2/OpenAPIv2.proto in the public repository google/gnostic-models), as far
as the API server's documents need them. Vendor extensions (`x-...`) are YAML texts, and JSON is YAML.
"""

import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

Encoder = Callable[[int, Any], bytes]
_Fields = Mapping[str, tuple[int, Encoder]]


def encode_document(document: Mapping[str, Any]) -> bytes:
    """A v2 document as `openapi.v2.Document`."""
    return _encode(_DOCUMENT, document)


def _encode(fields: _Fields, value: Mapping[str, Any], extensions: int = 0) -> bytes:
    """A message of the fields that `value` has; `extensions` is the number of vendor_extension."""
    parts = [encoder(number, value[key]) for key, (number, encoder) in fields.items() if key in value]
    if extensions:
        parts += [_named(extensions, key, _any(each)) for key, each in value.items() if key.startswith("x-")]
    return b"".join(parts)


def varint(value: int) -> bytes:
    """A number in groups of seven bits."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _chunk(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def _text(number: int, value: str) -> bytes:
    return _chunk(number, value.encode())


def _texts(number: int, values: Iterable[str]) -> bytes:
    return b"".join(_text(number, value) for value in values)


def _flag(number: int, value: bool) -> bytes:
    return varint(number << 3) + (b"\x01" if value else b"\x00")


def _whole(number: int, value: float) -> bytes:
    return varint(number << 3) + varint(int(value) & 0xFFFF_FFFF_FFFF_FFFF)


def _double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def _any(value: Any) -> bytes:
    return _text(2, orjson.dumps(value).decode())


def _value(number: int, value: Any) -> bytes:
    return _chunk(number, _any(value))


def _values(number: int, values: Iterable[Any]) -> bytes:
    return b"".join(_value(number, value) for value in values)


def _named(number: int, name: str, data: bytes) -> bytes:
    """The pairs that gnostic has in place of maps."""
    return _chunk(number, _text(1, name) + _chunk(2, data))


def _entries(number: int, encode: Callable[[Any], bytes]) -> Callable[[Mapping[str, Any]], bytes]:
    return lambda values: b"".join(_named(number, name, encode(value)) for name, value in values.items())


def _message(encode: Callable[[Any], bytes]) -> Encoder:
    return lambda number, value: _chunk(number, encode(value))


def _schema(schema: Mapping[str, Any]) -> bytes:
    return _encode(_SCHEMA, schema, 31)


def _schemas(number: int, schemas: Iterable[Any]) -> bytes:
    return b"".join(_chunk(number, _schema(schema)) for schema in schemas)


def _type_item(types: str | list[str]) -> bytes:
    return _texts(1, [types] if isinstance(types, str) else types)


def _additional(schema: Mapping[str, Any] | bool) -> bytes:
    return _flag(2, schema) if isinstance(schema, bool) else _chunk(1, _schema(schema))


_SCHEMA: _Fields = {
    "$ref": (1, _text),
    "format": (2, _text),
    "title": (3, _text),
    "description": (4, _text),
    "default": (5, _value),
    "multipleOf": (6, _double),
    "maximum": (7, _double),
    "exclusiveMaximum": (8, _flag),
    "minimum": (9, _double),
    "exclusiveMinimum": (10, _flag),
    "maxLength": (11, _whole),
    "minLength": (12, _whole),
    "pattern": (13, _text),
    "maxItems": (14, _whole),
    "minItems": (15, _whole),
    "uniqueItems": (16, _flag),
    "maxProperties": (17, _whole),
    "minProperties": (18, _whole),
    "required": (19, _texts),
    "enum": (20, _values),
    "additionalProperties": (21, _message(_additional)),
    "type": (22, _message(_type_item)),
    "items": (23, _message(lambda items: _chunk(1, _schema(items)))),
    "allOf": (24, _schemas),
    "properties": (25, _message(_entries(1, _schema))),
}

# A parameter in the query; one in the path has no allowEmptyValue, so that all from `type` on is one less.
_PARAMETER: _Fields = {
    "required": (1, _flag),
    "in": (2, _text),
    "description": (3, _text),
    "name": (4, _text),
}
_QUERY: _Fields = {**_PARAMETER, "type": (6, _text), "uniqueItems": (20, _flag)}
_PATH: _Fields = {**_PARAMETER, "type": (5, _text), "uniqueItems": (19, _flag)}
_BODY: _Fields = {
    "description": (1, _text),
    "name": (2, _text),
    "in": (3, _text),
    "required": (4, _flag),
    "schema": (5, _message(_schema)),
}


def _parameter(parameter: Mapping[str, Any]) -> bytes:
    """Of the kinds of parameters one: ParametersItem.parameter of a body, of the query or of the path."""
    if parameter["in"] == "body":
        return _chunk(1, _chunk(1, _encode(_BODY, parameter)))
    number, fields = (4, _PATH) if parameter["in"] == "path" else (3, _QUERY)
    return _chunk(1, _chunk(2, _chunk(number, _encode(fields, parameter))))


def _parameters(number: int, values: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(_chunk(number, _parameter(each)) for each in values)


_RESPONSE: _Fields = {
    "description": (1, _text),
    "schema": (2, _message(lambda schema: _chunk(1, _schema(schema)))),
}
_OPERATION: _Fields = {
    "description": (3, _text),
    "operationId": (5, _text),
    "produces": (6, _texts),
    "consumes": (7, _texts),
    "parameters": (8, _parameters),
    "responses": (9, _message(_entries(1, lambda response: _chunk(1, _encode(_RESPONSE, response))))),
    "schemes": (10, _texts),
}
_METHOD = _message(lambda operation: _encode(_OPERATION, operation, 13))
_PATH_ITEM: _Fields = {
    "get": (2, _METHOD),
    "put": (3, _METHOD),
    "post": (4, _METHOD),
    "delete": (5, _METHOD),
    "patch": (8, _METHOD),
    "parameters": (9, _parameters),
}
_INFO: _Fields = {"title": (1, _text), "version": (2, _text)}
_DOCUMENT: _Fields = {
    "swagger": (1, _text),
    "info": (2, _message(lambda info: _encode(_INFO, info))),
    "paths": (8, _message(_entries(2, lambda item: _encode(_PATH_ITEM, item)))),
    "definitions": (9, _message(_entries(1, _schema))),
}
