"""Names of the items of lists in sets of fields: `k:{"name":"a"}`, `v:"a"`; and how messages write paths."""

from typing import Any

import orjson

from convoy.cluster.schema.nodes import Schema


class UnindexableError(ValueError):
    """An item of a list that has no name: a key is missing, or it is no scalar in a set."""


def is_granular(value: Any, schema: Schema) -> bool:
    """Whether an object or list is owned piece by piece, as opposed to as a whole."""
    if isinstance(value, dict):
        if schema.type == "object" and (schema.fields or schema.values is not None):
            return schema.map_type != "atomic"
        # Of custom kinds what is unknown is owned key by key; built-in kinds own their raw pieces as a whole.
        return schema.preserves_unknown and not schema.go_type and schema.type in ("", "object")
    if isinstance(value, list):
        return schema.list_type in ("map", "set") and schema.items is not None
    return False


def item_element(item: Any, schema: Schema) -> str:
    """What a set of fields calls an item of a granular list; UnindexableError when it has no name."""
    if schema.list_type == "set":
        if item is None or isinstance(item, dict | list):
            raise UnindexableError(f"associative list without keys has an element that's {_unfit(item)}")
        return f"v:{orjson.dumps(item).decode()}"
    if not isinstance(item, dict):
        kind = "a null element" if item is None else "non-map elements"
        raise UnindexableError(f"associative list with keys may not have {kind}")
    keys = {}
    for key in schema.map_keys:
        keys[key] = item.get(key, _default(schema, key))
        if keys[key] is None:
            why = f'omits key field "{key}" (and doesn\'t have default value)'
            raise UnindexableError(f"associative list with keys has an element that {why}")
    return f"k:{orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode()}"


def _default(schema: Schema, key: str) -> Any:
    field = schema.items.fields.get(key) if schema.items is not None else None
    return field.default if field is not None and field.has_default else None


def _unfit(item: Any) -> str:
    if item is None:
        return "an explicit null"
    return "a map type" if isinstance(item, dict) else "a list"


def canonical_element(element: str) -> str | None:
    """A name from outside as it is written here, None for one of an unknown kind; ValueError for no name."""
    kind, content = element[:2], element[2:]
    if kind == "f:":
        return element
    if kind == "v:":
        return f"v:{orjson.dumps(orjson.loads(content)).decode()}"
    if kind == "k:":
        keys = orjson.loads(content)
        if not isinstance(keys, dict):
            raise ValueError(f"not the keys of an item: {element}")
        return f"k:{orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode()}"
    if kind == "i:":
        return f"i:{int(content)}"
    if len(kind) < 2 or kind[1] != ":":
        raise ValueError(f"not the name of a field: {element}")
    return None


def element_text(element: str) -> str:
    """As in a path: `.spec`, `[name="a"]`, `[="a"]`, `[0]`."""
    kind, content = element[:2], element[2:]
    if kind == "f:":
        return f".{content}"
    if kind == "k:":
        keys = orjson.loads(content)
        return f"[{','.join(f'{key}={orjson.dumps(value).decode()}' for key, value in keys.items())}]"
    return f"[={content}]" if kind == "v:" else f"[{content}]"


def element_place(element: str) -> tuple[Any, ...]:
    """Its place among its neighbours: fields by name, then items by their keys or values, numbers as such."""
    kind, content = element[:2], element[2:]
    if kind == "k:":
        keys = orjson.loads(content)
        return 2, tuple((key, _rank(value)) for key, value in keys.items())
    if kind == "v:":
        return 3, _rank(orjson.loads(content))
    if kind == "i:":
        return 4, int(content)
    return (1, content) if kind == "f:" else (0,)


def _rank(value: Any) -> tuple[int, Any]:
    if isinstance(value, bool):
        return 2, value
    if isinstance(value, int | float):
        return 0, value
    return (1, value) if isinstance(value, str) else (3, str(value))
