"""Plain data cut down to the fields that a struct knows."""

from functools import cache
from typing import Any

import msgspec
import msgspec.inspect as types


def prune(data: Any, struct: type[msgspec.Struct]) -> Any:
    """A copy without the fields that the struct, or a struct within it, does not have."""
    return _prune(data, _type_of(struct))


@cache
def _type_of(struct: type[msgspec.Struct]) -> types.Type:
    return types.type_info(struct)


def _prune(data: Any, wanted: types.Type) -> Any:
    if isinstance(wanted, types.UnionType):
        structs = [each for each in wanted.types if isinstance(each, types.StructType | types.ListType)]
        return _prune(data, structs[0]) if structs else data
    if isinstance(wanted, types.StructType) and isinstance(data, dict):
        fields = {field.encode_name: field.type for field in wanted.fields}
        return {name: _prune(value, fields[name]) for name, value in data.items() if name in fields}
    if isinstance(wanted, types.ListType) and isinstance(data, list):
        return [_prune(item, wanted.item_type) for item in data]
    if isinstance(wanted, types.DictType) and isinstance(data, dict):
        return {name: _prune(value, wanted.value_type) for name, value in data.items()}
    return data
