"""Empty lists and mappings of objects, of which most objects consist, as the same two everywhere.

A decoded pod has some forty of them, each an allocation of its own, and each list something more for the
garbage collector to look at. Sharing is safe because nobody changes what was read.
"""

import typing
from functools import cache
from typing import Any

import msgspec

_NO_ITEMS: list[Any] = []
_NO_ENTRIES: dict[str, Any] = {}


def share_empties(struct: msgspec.Struct) -> None:
    """Have a decoded object, and what it consists of, share what is empty."""
    for name in _containers(type(struct)):
        value = getattr(struct, name)
        if value:
            _share_within(value)
        elif type(value) is list:
            msgspec.structs.force_setattr(struct, name, _NO_ITEMS)
        elif type(value) is dict:
            msgspec.structs.force_setattr(struct, name, _NO_ENTRIES)


def _share_within(value: Any) -> None:
    if isinstance(value, msgspec.Struct):
        share_empties(value)
    elif isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            if isinstance(item, msgspec.Struct):
                share_empties(item)


@cache
def _containers(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields that may hold a list, a mapping or a struct."""
    hints = typing.get_type_hints(struct)
    return tuple(field for field in struct.__struct_fields__ if _may_contain(hints[field]))


def _may_contain(annotation: Any) -> bool:
    origin = typing.get_origin(annotation)
    if origin in (list, dict):
        return True
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return True
    return any(_may_contain(inner) for inner in typing.get_args(annotation))
