"""Empty lists and mappings of objects, of which most objects consist, as the same two everywhere.

A decoded pod has some forty of them, each an allocation of its own, and each list something more for the
garbage collector to look at. Sharing is safe because nobody changes what was read.
"""

import typing
from functools import cache
from typing import Any

import msgspec
from msgspec.structs import force_setattr

_NO_ITEMS: list[Any] = []
_NO_ENTRIES: dict[str, Any] = {}


def share_empties(struct: msgspec.Struct) -> None:
    """Have a decoded object, and what it consists of, share what is empty."""
    for name, default, leads_to_structs in _containers(type(struct)):
        value = getattr(struct, name)
        if not value:
            if type(value) is list:
                force_setattr(struct, name, _NO_ITEMS)
            elif type(value) is dict:
                force_setattr(struct, name, _NO_ENTRIES)
        elif leads_to_structs and value is not default:
            _share_within(value)


def _share_within(value: Any) -> None:
    if isinstance(value, msgspec.Struct):
        share_empties(value)
        return
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, msgspec.Struct):
            share_empties(item)


@cache
def _containers(struct: type[msgspec.Struct]) -> tuple[tuple[str, Any, bool], ...]:
    """The fields that may hold a list, a mapping or a struct: with their defaults, and whether structs are
    in them.
    """
    hints = typing.get_type_hints(struct)
    found = ((field, _types_within(hints[field.name])) for field in msgspec.structs.fields(struct))
    return tuple(
        (field.name, field.default, any(issubclass(each, msgspec.Struct) for each in types))
        for field, types in found
        if any(issubclass(each, msgspec.Struct | list | dict) for each in types)
    )


def _types_within(annotation: Any) -> set[type]:
    """The types that an annotation consists of: `list` and a struct of `list[Struct] | None`."""
    origin = typing.get_origin(annotation)
    inner = {each for part in typing.get_args(annotation) for each in _types_within(part)}
    return inner | {each for each in (origin, annotation) if isinstance(each, type)}
