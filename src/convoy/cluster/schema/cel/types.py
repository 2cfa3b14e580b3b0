"""The types of structural schemas, as the type checker takes them: message types made up for each object.

What a rule cannot see has no type and is left out: what nobody declared, and lists and maps of such things.
Lists of lists and maps of lists are looser than they could be, since a message's field cannot hold them.
"""

import itertools
from typing import Any, Final

from cel_expr_python import cel
from google.protobuf import descriptor_pool, duration_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

from convoy.cluster.schema.cel.escaping import escape
from convoy.cluster.schema.cel.values import EXPOSED_METADATA
from convoy.cluster.schema.nodes import Schema

_PACKAGE: Final = "object"
_WELL_KNOWN: Final = (struct_pb2, duration_pb2, timestamp_pb2)
_STRING: Final = Schema(type="string")
_METADATA: Final = Schema(type="object", fields=dict.fromkeys(EXPOSED_METADATA, _STRING))

_SCALARS: Final = {
    "string": (cel.Type.STRING, FieldDescriptorProto.TYPE_STRING),
    "boolean": (cel.Type.BOOL, FieldDescriptorProto.TYPE_BOOL),
    "integer": (cel.Type.INT, FieldDescriptorProto.TYPE_INT64),
    "number": (cel.Type.DOUBLE, FieldDescriptorProto.TYPE_DOUBLE),
}
_MOMENTS: Final = {
    "duration": (cel.Type.DURATION, ".google.protobuf.Duration"),
    "date": (cel.Type.TIMESTAMP, ".google.protobuf.Timestamp"),
    "date-time": (cel.Type.TIMESTAMP, ".google.protobuf.Timestamp"),
}


class SchemaTypes:
    """The type of one node and of everything below it."""

    def __init__(self, schema: Schema) -> None:
        self._file = FileDescriptorProto(
            name="self.proto",
            package=_PACKAGE,
            syntax="proto3",
            dependency=[module.DESCRIPTOR.name for module in _WELL_KNOWN],
        )
        self._numbers = itertools.count()
        self._type = self._declare(schema, "self")
        self.pool = descriptor_pool.DescriptorPool()
        for module in _WELL_KNOWN:
            self.pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        self.pool.Add(self._file)  # type: ignore[no-untyped-call,unused-ignore]

    @property
    def type(self) -> cel.Type | None:
        """What `self` is in a rule of the node; None when rules cannot see it."""
        return None if self._type is None else self._type()

    def _declare(self, schema: Schema, name: str) -> Any:
        """A maker of the type: message types can be named only once they are in the pool."""
        if schema.is_int_or_string:
            return lambda: cel.Type.DYN
        if schema.type == "array":
            items = None if schema.items is None else self._declare(schema.items, f"{name}_item")
            return None if items is None else lambda: cel.Type.List(items())
        if schema.type == "object":
            if (values := _values(schema)) is not None:
                value = self._declare(values, f"{name}_value")
                return None if value is None else lambda: cel.Type.Map(cel.Type.STRING, value())
            message = self._message(schema, name)
            return lambda: cel.Type(message)
        found = _scalar(schema)
        return None if found is None else lambda: found

    def _message(self, schema: Schema, name: str) -> str:
        """Adds a message type for an object; its full name."""
        message = self._file.message_type.add(name=f"{name}{next(self._numbers)}")
        # Property names that differ only in case or underscores are no fault here.
        message.options.deprecated_legacy_json_field_conflicts = True
        for number, (field, child) in enumerate(_fields(schema), 1):
            self._field(message, field, child, number)
        return f"{_PACKAGE}.{message.name}"

    def _field(self, message: DescriptorProto, name: str, schema: Schema, number: int) -> None:
        if schema.type == "array":
            if schema.items is not None and (kind := self._field_type(schema.items, name)) is not None:
                message.field.add(name=name, number=number, label=FieldDescriptorProto.LABEL_REPEATED, **kind)
            return
        if schema.type == "object" and (values := _values(schema)) is not None:
            entry_name = _entry_name(name)
            if any(each.name == entry_name for each in message.nested_type):
                message.field.add(
                    name=name, number=number, label=1, **_message_field(".google.protobuf.Struct")
                )
            elif (kind := self._field_type(values, name)) is not None:
                entry = message.nested_type.add(name=entry_name)
                entry.options.map_entry = True
                entry.field.add(name="key", number=1, label=1, type=FieldDescriptorProto.TYPE_STRING)
                entry.field.add(name="value", number=2, label=1, **kind)
                message.field.add(
                    name=name,
                    number=number,
                    label=FieldDescriptorProto.LABEL_REPEATED,
                    type=FieldDescriptorProto.TYPE_MESSAGE,
                    type_name=f".{_PACKAGE}.{message.name}.{entry.name}",
                )
            return
        if (kind := self._field_type(schema, name)) is not None:
            message.field.add(name=name, number=number, label=1, **kind)

    def _field_type(self, schema: Schema, name: str) -> dict[str, Any] | None:
        """The type of a field that holds one such value."""
        if schema.is_int_or_string:
            return _message_field(".google.protobuf.Value")
        if schema.type == "array":
            return _message_field(".google.protobuf.ListValue") if _is_visible(schema) else None
        if schema.type == "object":
            if _values(schema) is not None:
                return _message_field(".google.protobuf.Struct") if _is_visible(schema) else None
            return _message_field("." + self._message(schema, name))
        if schema.type == "string" and schema.format in _MOMENTS:
            return _message_field(_MOMENTS[schema.format][1])
        if schema.type == "string" and schema.format == "byte":
            return {"type": FieldDescriptorProto.TYPE_BYTES}
        return {"type": _SCALARS[schema.type][1]} if schema.type in _SCALARS else None


def _entry_name(field: str) -> str:
    """The name that a map's entries must have: `LabelsEntry` for `labels`; two fields may share one."""
    return "".join(part[:1].upper() + part[1:] for part in field.split("_")) + "Entry"


def _message_field(name: str) -> dict[str, Any]:
    return {"type": FieldDescriptorProto.TYPE_MESSAGE, "type_name": name}


def _scalar(schema: Schema) -> cel.Type | None:
    if schema.type == "string" and schema.format in _MOMENTS:
        return _MOMENTS[schema.format][0]
    if schema.type == "string" and schema.format == "byte":
        return cel.Type.BYTES
    return _SCALARS[schema.type][0] if schema.type in _SCALARS else None


def _values(schema: Schema) -> Schema | None:
    """What a map holds; None for an object with fields, and where anything goes."""
    return None if schema.values is None or schema.values.is_free else schema.values


def _is_visible(schema: Schema) -> bool:
    if schema.type == "array":
        return schema.items is not None and _is_visible(schema.items)
    if schema.type == "object":
        values = _values(schema)
        return values is None or _is_visible(values)
    return schema.is_int_or_string or schema.type in _SCALARS


def _fields(schema: Schema) -> list[tuple[str, Schema]]:
    found = []
    for name, child in schema.fields.items():
        if name == "metadata" and (schema.is_custom or schema.is_embedded):
            found.append((name, _METADATA))
        elif (identifier := escape(name)) is not None:
            found.append((identifier, child))
    return found
