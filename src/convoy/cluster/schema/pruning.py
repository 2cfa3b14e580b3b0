"""Drop what a schema does not know, and tell which fields those were.

Paths read as Go's decoder writes them: `spec.http[0].route[0].wieght`.
For built-in kinds they come in the order of the document, for custom ones sorted, after those of `metadata`.
"""

from typing import Any

from convoy.cluster.schema.nodes import Schema


def prune(schema: Schema, obj: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A copy of `obj` with nothing unknown in it, and `unknown field "..."` for each field that was.

    Lists and maps in which nothing was dropped may be shared with `obj`.
    """
    unknown: list[str] = []
    pruned = _prune(schema, obj, "", unknown)
    if schema.is_custom:
        unknown.sort(key=lambda path: (not path.startswith("metadata."), path))
    return pruned, [f'unknown field "{path}"' for path in unknown]


def prune_value(schema: Schema, value: Any) -> tuple[Any, list[str]]:
    """The same of any value, with bare paths."""
    unknown: list[str] = []
    return _prune(schema, value, "", unknown), unknown


def _prune(schema: Schema, value: Any, path: str, unknown: list[str]) -> Any:
    if isinstance(value, dict):
        return _prune_object(schema, value, path, unknown)
    if isinstance(value, list) and schema.items is not None:
        items = schema.items
        return [_prune(items, item, f"{path}[{index}]", unknown) for index, item in enumerate(value)]
    return value


def _prune_object(schema: Schema, value: dict[str, Any], path: str, unknown: list[str]) -> dict[str, Any]:
    if schema.is_free or not (schema.fields or schema.values or schema.type in ("object", "")):
        return value  # anything may stand here, or this is the wrong type, which is told elsewhere
    kept: dict[str, Any] = {}
    prefix = f"{path}." if path else ""
    for key, child in value.items():
        child_schema = schema.child(key)
        if child_schema is not None:
            kept[key] = _prune(child_schema, child, prefix + key, unknown)
        elif schema.preserves_unknown:
            kept[key] = child
        else:
            unknown.append(prefix + key)
    return kept
