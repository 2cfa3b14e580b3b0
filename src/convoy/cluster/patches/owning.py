"""The fields that an object speaks of: what server-side apply makes its manager own."""

from typing import Any

from convoy.cluster.patches.elements import is_granular, item_element
from convoy.cluster.patches.fields import LEAF, Fields
from convoy.cluster.schema.nodes import FREE, Schema

_SELF = {".": LEAF}


def child_schema(schema: Schema, name: str) -> Schema:
    """The schema of a field or of a map's value; anything may be where none is known."""
    return schema.fields.get(name) or schema.values or FREE


def fields_of(value: Any, schema: Schema) -> Fields:
    """What a granular object or list says something about.

    Keys of maps and items of lists are in the set themselves, declared fields only as leaves: a manager owns
    `spec.replicas` but not `spec`. An empty list says nothing.
    """
    if isinstance(value, dict):
        return _fields_of_object(value, schema)
    assert schema.items is not None
    found: Fields = {}
    for item in value:
        element = item_element(item, schema)
        found[element] = LEAF if element in found else _own(item, schema.items)
    return found


def _fields_of_object(value: dict[str, Any], schema: Schema) -> Fields:
    found: Fields = {}
    declared = schema.fields
    for name, child in value.items():
        below = child_schema(schema, name)
        if name not in declared or child is None or child == {}:
            found[f"f:{name}"] = _own(child, below)
        elif not is_granular(child, below):
            found[f"f:{name}"] = LEAF
        elif node := fields_of(child, below):
            found[f"f:{name}"] = node
    return found


def _own(value: Any, schema: Schema) -> Fields:
    """The node of something that is in the set itself, with what is below."""
    if not value or not is_granular(value, schema):
        return LEAF
    below = fields_of(value, schema)
    return {**_SELF, **below} if below else LEAF


def everything(value: Any, schema: Schema) -> Fields:
    """The node of something that is in the set with all that is below, declared fields too."""
    if not value or not is_granular(value, schema):
        return LEAF
    node = dict(_SELF)
    if isinstance(value, dict):
        for name, child in value.items():
            # Most are scalars, and this is run for every object that is created.
            is_leaf = not isinstance(child, dict | list)
            node[f"f:{name}"] = LEAF if is_leaf else everything(child, child_schema(schema, name))
        return node
    assert schema.items is not None
    for item in value:
        element = item_element(item, schema)
        node[element] = LEAF if element in node else everything(item, schema.items)
    return node


def fitted(fields: Fields, schema: Schema) -> Fields:
    """The same set where the schema has changed since: what is owned as a whole now has no owned parts."""
    return {name: _fitted_node(node, _schema_below(name, schema)) for name, node in fields.items()}


def _fitted_node(node: Fields, schema: Schema) -> Fields:
    is_list = schema.type == "array"
    is_whole = schema.list_type in ("", "atomic") if is_list else schema.map_type == "atomic"
    return LEAF if not node or is_whole else fitted(node, schema)


def _schema_below(name: str, schema: Schema) -> Schema:
    if name.startswith("f:"):
        return child_schema(schema, name[2:])
    return schema.items or FREE
