"""Merging one message into another, as Istio does for MERGE.

Like protobuf's own merge: set fields replace, lists append, maps replace by key. Beyond it, what an `Any`
holds is merged inside when both have the same type, and durations and wrapped values are replaced whole.
"""

from typing import Any

from google.protobuf import any_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from convoy.xds.build.envoy_filters.values import load_type
from convoy.xds.build.packing import packed

_WHOLE = ("google.protobuf.Duration", "google.protobuf.Timestamp")
_WRAPPERS = "google.protobuf."


def merge(into: Message, other: Message, *, replaces_lists: bool = False) -> None:
    """Change `into` by what is set in `other`; with `replaces_lists` a list takes the place of another."""
    for field, value in other.ListFields():
        inner = field.message_type
        if inner is None:
            _merge_plain(into, field, value, replaces_lists=replaces_lists)
        elif inner.GetOptions().map_entry:
            _merge_map(
                into, field, value, has_messages=inner.fields_by_name["value"].message_type is not None
            )
        elif field.is_repeated:
            _merge_plain(into, field, value, replaces_lists=replaces_lists)
        else:
            _merge_message(into, field, value, replaces_lists=replaces_lists)


def _merge_plain(into: Message, field: FieldDescriptor, value: Any, *, replaces_lists: bool) -> None:
    if not field.is_repeated:
        setattr(into, field.name, value)
        return
    if replaces_lists:
        into.ClearField(field.name)
    getattr(into, field.name).extend(value)


def _merge_map(into: Message, field: FieldDescriptor, value: Any, *, has_messages: bool) -> None:
    entries = getattr(into, field.name)
    for key, item in value.items():
        if has_messages:
            entries[key].CopyFrom(item)
        else:
            entries[key] = item


def _merge_message(into: Message, field: FieldDescriptor, value: Message, *, replaces_lists: bool) -> None:
    name = value.DESCRIPTOR.full_name
    target = getattr(into, field.name)
    if not into.HasField(field.name) or name in _WHOLE or _is_wrapper(name):
        target.CopyFrom(value)
    elif isinstance(value, any_pb2.Any):
        _merge_any(target, value, replaces_lists=replaces_lists)
    else:
        merge(target, value, replaces_lists=replaces_lists)


def _is_wrapper(name: str) -> bool:
    return name.startswith(_WRAPPERS) and name.endswith("Value") and name.count(".") == 2


def _merge_any(into: any_pb2.Any, other: any_pb2.Any, *, replaces_lists: bool) -> None:
    kind = load_type(other.TypeName())
    if into.TypeName() != other.TypeName() or kind is None:
        into.CopyFrom(other)
        return
    held, change = kind(), kind()
    into.Unpack(held)
    other.Unpack(change)
    merge(held, change, replaces_lists=replaces_lists)
    into.CopyFrom(packed(held))
