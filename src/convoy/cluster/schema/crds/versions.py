"""What a version says beside its schema: columns, the scale subresource, selectable fields."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording
from convoy.cluster.schema.builtin import builtin_schemas
from convoy.cluster.schema.cel.fieldpaths import resolve_field_path
from convoy.cluster.schema.structural import compile_root

_COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS: Final = (*("byte", "date", "date-time", "double", "float", "int32", "int64", "password"),)
_SELECTABLE_TYPES: Final = ("string", "boolean", "integer")
_MOST_SELECTABLE: Final = 8


def validate_columns(columns: Sequence[Mapping[str, Any]], path: str) -> list[Cause]:
    """Causes for printer columns without a name, of no type, or with a path that is none."""
    return [
        cause
        for index, column in enumerate(columns)
        for cause in _validate_column(column, f"{path}[{index}]")
    ]


def _validate_column(column: Mapping[str, Any], path: str) -> list[Cause]:
    causes = [] if column.get("name") else [wording.required(f"{path}.name")]
    kind, form = column.get("type") or "", column.get("format") or ""
    one_of = f"must be one of {','.join(_COLUMN_TYPES)}"
    if not kind:
        causes.append(wording.required(f"{path}.type", one_of))
    elif kind not in _COLUMN_TYPES:
        causes.append(wording.invalid(f"{path}.type", kind, one_of))
    if form and form not in _COLUMN_FORMATS:
        why = f"must be one of {','.join(_COLUMN_FORMATS)}"
        causes.append(wording.invalid(f"{path}.format", form, why))
    json_path = column.get("jsonPath") or ""
    if not json_path:
        causes.append(wording.required(f"{path}.JSONPath"))
    return [*causes, *_validate_path(json_path, f"{path}.JSONPath")] if json_path else causes


def _validate_path(json_path: str, path: str) -> list[Cause]:
    if json_path.startswith("."):
        return []
    return [wording.invalid(path, json_path, "must be a simple json path starting with .")]


def validate_subresources(subresources: Mapping[str, Any], path: str) -> list[Cause]:
    """Causes for a scale subresource whose paths lead nowhere."""
    scale = subresources.get("scale")
    if scale is None:
        return []
    causes = []
    for name, roots in (
        ("specReplicasPath", (".spec.",)),
        ("statusReplicasPath", (".status.",)),
        ("labelSelectorPath", (".spec.", ".status.")),
    ):
        where, json_path = f"{path}.scale.{name}", scale.get(name) or ""
        if not json_path:
            causes += [] if name == "labelSelectorPath" else [wording.required(where)]
        elif faults := _validate_path(json_path, where):
            causes += faults
        elif not json_path.startswith(roots):
            words = "either .spec or .status" if len(roots) > 1 else roots[0].rstrip(".")
            causes.append(wording.invalid(where, json_path, f"should be a json path under {words}"))
    return causes


def validate_selectable(
    fields: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], path: str
) -> list[Cause]:
    """Causes for selectable fields that the schema does not have, or that cannot be compared."""
    if not fields or not schema:
        return []
    root = compile_root(schema, builtin_schemas().object_meta)
    causes, seen = [], set()
    for index, field in enumerate(fields):
        where, json_path = f"{path}[{index}].jsonPath", field.get("jsonPath") or ""
        if not json_path:
            causes.append(wording.required(where))
            continue
        try:
            resolved, found = resolve_field_path(root, json_path, takes_brackets=False)
        except ValueError as error:
            causes.append(wording.invalid(where, json_path, f"is an invalid path: {error}"))
            continue
        if resolved.startswith("metadata"):
            causes.append(wording.invalid(where, json_path, "must not point to fields in metadata"))
        if found.type not in _SELECTABLE_TYPES:
            why = "must point to a field of type string, boolean or integer. "
            why += "Enum string fields and strings with formats are allowed."
            causes.append(wording.invalid(where, json_path, why))
        if resolved in seen:
            causes.append(wording.duplicate(where, json_path))
        seen.add(resolved)
    if len(seen) > _MOST_SELECTABLE:
        causes.append(wording.too_many(path, len(seen), _MOST_SELECTABLE))
    return causes
