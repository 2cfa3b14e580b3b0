"""The `fieldPath` of a rule, which says at which field its failure is shown: `.spec.ports`, `['a-b'].c`."""

import re
from typing import Final

from convoy.cluster.schema.nodes import Schema

_STEP: Final = re.compile(r"\.(?P<name>[^.\[\]]+)|\['(?P<quoted>(?:[^'\\]|\\.)*)'\]")
_ESCAPES: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "'": "'",
    "\\": "\\",
}


def resolve_field_path(schema: Schema, text: str, *, takes_brackets: bool = True) -> tuple[str, Schema]:
    """The path as causes show it, and what stands there; ValueError when the schema has no such field."""
    path, place = "", 0
    while place < len(text):
        step = _STEP.match(text, place)
        if step is None:
            raise ValueError(f"expected [ or . but got: {text[place:]}")
        place = step.end()
        if step["quoted"] is not None and not takes_brackets:
            raise ValueError("array notation is not allowed")
        name = step["name"] if step["quoted"] is None else _unescaped(step["quoted"])
        if schema.fields:
            found, path = schema.fields.get(name), f"{path}.{name}" if path else name
        else:
            found, path = schema.values, f"{path}[{name}]"
        if found is None:
            raise ValueError("does not refer to a valid field")
        schema = found
    return path, schema


def _unescaped(text: str) -> str:
    def replaced(found: re.Match[str]) -> str:
        if found[1] not in _ESCAPES:
            raise ValueError(f"invalid string literal: invalid escape char {found[0]}")
        return _ESCAPES[found[1]]

    return re.sub(r"\\(.)", replaced, text)
