"""Give custom resources the defaults of their schemas.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting
"""

from typing import Any

import orjson

from convoy.cluster.schema.nodes import Schema


def apply_defaults(schema: Schema, obj: dict[str, Any]) -> dict[str, Any]:
    """A copy of a pruned object with what is missing filled in.

    A null where null may not stand is dropped first, so that it is given the default of its field.
    """
    defaulted: dict[str, Any] = orjson.loads(orjson.dumps(obj))
    _drop_nulls(schema, defaulted)
    _default(schema, defaulted)
    return defaulted


def _default(schema: Schema, value: Any) -> None:
    if isinstance(value, dict):
        for name, child in schema.fields.items():
            if name not in value and child.has_default:
                value[name] = orjson.loads(orjson.dumps(child.default))
        for name, item in value.items():
            child_schema = schema.child(name)
            if child_schema is None:
                continue
            if item is None and not child_schema.is_nullable and child_schema.has_default:
                value[name] = item = orjson.loads(orjson.dumps(child_schema.default))
            _default(child_schema, item)
    elif isinstance(value, list) and schema.items is not None:
        for index, item in enumerate(value):
            if item is None and not schema.items.is_nullable and schema.items.has_default:
                value[index] = item = orjson.loads(orjson.dumps(schema.items.default))
            _default(schema.items, item)


def _drop_nulls(schema: Schema, value: Any) -> None:
    """Nulls of fields that are neither nullable nor have a default."""
    if isinstance(value, dict):
        for name in [name for name, item in value.items() if item is None]:
            child = schema.child(name)
            if child is not None and not child.is_nullable and not child.has_default:
                del value[name]
        for name, item in value.items():
            if (child := schema.child(name)) is not None:
                _drop_nulls(child, item)
    elif isinstance(value, list) and schema.items is not None:
        for item in value:
            _drop_nulls(schema.items, item)
