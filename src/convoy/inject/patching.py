"""From one form of an object to another: the JSON patch (RFC 6902) of what differs, and no more.

It is made from two typed forms, but applies to the object as its API server has it, with fields that the
types do not know and defaults that they leave out. So it touches only what differs between the two.
"""

from collections.abc import Iterator
from typing import Any

Operation = dict[str, Any]
Json = dict[str, Any]


def build_patch(raw: Json, before: Json, after: Json) -> list[Operation]:
    """The operations that do to `raw` what leads from `before`, a reading of it, to `after`."""
    return list(_in_mapping(raw, before, after, ""))


def _in_mapping(raw: Json, before: Json, after: Json, path: str) -> Iterator[Operation]:
    for key in sorted(before.keys() - after.keys()):
        if key in raw:
            yield {"op": "remove", "path": _below(path, key)}
    for key, value in after.items():
        old, now, place = before.get(key), raw.get(key), _below(path, key)
        if value == old:
            continue
        if isinstance(value, dict) and isinstance(now, dict):
            yield from _in_mapping(now, old or {}, value, place)
        elif isinstance(value, list) and isinstance(now, list) and now and old:
            yield from _in_list(now, old, value, place)
        else:
            # Of a key that exists, `add` replaces the value.
            yield {"op": "add", "path": place, "value": value}


def _in_list(raw: list[Any], before: list[Any], after: list[Any], path: str) -> Iterator[Operation]:
    kept = len(before)
    if after[:kept] == before:
        yield from ({"op": "add", "path": f"{path}/-", "value": each} for each in after[kept:])
    elif _are_named(before) and _are_named(after) and len(raw) == kept:
        yield from _in_named(raw, before, after, path)
    else:
        yield {"op": "replace", "path": path, "value": after}


def _in_named(raw: list[Json], before: list[Json], after: list[Json], path: str) -> Iterator[Operation]:
    """Of a list whose elements go by their names and keep their order."""
    wanted = {each["name"] for each in after}
    for index in reversed(range(len(before))):
        if before[index]["name"] not in wanted:
            yield {"op": "remove", "path": f"{path}/{index}"}
    known = {each["name"]: (each, now) for each, now in zip(before, raw, strict=True)}
    for index, each in enumerate(after):
        if each["name"] in known:
            old, now = known[each["name"]]
            yield from _in_mapping(now, old, each, f"{path}/{index}")
        else:
            yield {"op": "add", "path": f"{path}/{index}", "value": each}


def _are_named(elements: list[Any]) -> bool:
    names = [each.get("name") if isinstance(each, dict) else None for each in elements]
    return None not in names and len(set(names)) == len(names)


def _below(path: str, key: str) -> str:
    return f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
