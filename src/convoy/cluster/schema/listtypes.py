"""Lists that hold a thing only once: `x-kubernetes-list-type` `set` by whole items, `map` by their keys."""

from collections import Counter
from typing import Any

import orjson

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording
from convoy.cluster.schema.nodes import Schema


def validate_list_types(schema: Schema, value: Any, path: str = "") -> list[Cause]:
    """A cause for the second appearance of each item that may stand once."""
    causes: list[Cause] = []
    if isinstance(value, dict):
        for name, item in value.items():
            if (named := schema.fields.get(name)) is not None:
                causes += validate_list_types(named, item, wording.child(path, name))
            elif schema.values is not None:
                causes += validate_list_types(schema.values, item, wording.key(path, name))
    elif isinstance(value, list):
        if schema.list_type == "set":
            causes += _duplicates(value, value, path)
        elif schema.list_type == "map":
            causes += _validate_map(schema, value, path)
        if schema.items is not None:
            for index, item in enumerate(value):
                causes += validate_list_types(schema.items, item, f"{path}[{index}]")
    return causes


def _validate_map(schema: Schema, items: list[Any], path: str) -> list[Cause]:
    for index, item in enumerate(items):
        if item is not None and not isinstance(item, dict):
            why = "must be an object for an array of list-type map"
            return [wording.invalid(f"{path}[{index}]", item, why)]
    keys = [{name: item[name] for name in schema.map_keys if name in (item or ())} for item in items]
    return _duplicates(keys, keys, path)


def _duplicates(items: list[Any], shown: list[Any], path: str) -> list[Cause]:
    seen: Counter[bytes] = Counter()
    causes = []
    for index, item in enumerate(items):
        canonical = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
        seen[canonical] += 1
        if seen[canonical] == 2:
            causes.append(wording.duplicate(f"{path}[{index}]", shown[index]))
    return causes
