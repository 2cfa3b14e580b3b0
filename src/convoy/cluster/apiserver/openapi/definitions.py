"""Definitions as each version of OpenAPI writes them, and those that a set of operations needs.

`Schemas.definitions()` are OpenAPI v2 for built-in kinds, and v3 as their authors wrote it for custom ones.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Definition = Mapping[str, Any]

V2_PREFIX = "#/definitions/"
V3_PREFIX = "#/components/schemas/"

_MAPS = ("properties", "patternProperties")
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("items", "additionalProperties", "not")
# What OpenAPI v2 does not know, or kubectl of that time reads in another sense.
_ONLY_V3 = ("anyOf", "oneOf", "not", "nullable", "default", "example", "externalDocs", "patternProperties")


def reach(definitions: Mapping[str, Definition], names: Iterable[str | None]) -> list[str]:
    """The definitions of these names and those that they refer to, in the order of `definitions`."""
    found: set[str] = set()
    waiting = [name for name in names if name]
    while waiting:
        name = waiting.pop()
        if name not in found and name in definitions:
            found.add(name)
            waiting += references(definitions[name])
    return [name for name in definitions if name in found]


def references(schema: Definition) -> Iterator[str]:
    """The definitions to which a schema refers."""
    if "$ref" in schema:
        yield schema["$ref"].removeprefix(V2_PREFIX)
    for child in _children(schema):
        yield from references(child)


def _children(schema: Definition) -> Iterator[Definition]:
    for key in _MAPS:
        yield from schema.get(key, {}).values()
    for key in _LISTS:
        yield from schema.get(key, ())
    for key in _SINGLE:
        if isinstance(schema.get(key), Mapping):
            yield schema[key]


def as_v2(schema: Definition) -> Definition:
    """A custom kind's schema, without what v2 lacks.

    A value that may be null, of several types, or of any fields, has no type in v2: an old kubectl would
    refuse by it what the server takes.
    """
    changed = {key: value for key, value in _map_children(schema, as_v2).items() if key not in _ONLY_V3}
    is_free = schema.get("x-kubernetes-preserve-unknown-fields")
    if is_free or schema.get("nullable") or schema.get("x-kubernetes-int-or-string"):
        for key in ("type", "properties", "items", "additionalProperties", "required", "allOf"):
            changed.pop(key, None)
    return changed


def as_v3(schema: Definition) -> Definition:
    """A schema with v3's references: what stands beside one goes into an allOf."""
    changed = _map_children(schema, as_v3)
    if "$ref" in changed:
        target = {"$ref": V3_PREFIX + changed.pop("$ref").removeprefix(V2_PREFIX)}
        return {**changed, "allOf": [target]} if changed else target
    if changed.get("format") == "int-or-string":
        changed.pop("type", None)
        changed["oneOf"] = [{"type": "integer"}, {"type": "string"}]
    return changed


def _map_children(schema: Definition, change: Callable[[Definition], Definition]) -> dict[str, Any]:
    changed = dict(schema)
    for key in _MAPS:
        if key in schema:
            changed[key] = {name: change(child) for name, child in schema[key].items()}
    for key in _LISTS:
        if key in schema:
            changed[key] = [change(child) for child in schema[key]]
    for key in _SINGLE:
        if isinstance(schema.get(key), Mapping):
            changed[key] = change(schema[key])
    return changed
