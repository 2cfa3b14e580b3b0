"""Structural schemas of custom resources, compiled to nodes.

A valid definition's schema says everything about fields outside `allOf`, `anyOf`, `oneOf` and `not`
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema),
so a node needs only the schema itself. What is inside those is looked at by validation alone.
"""

from collections.abc import Mapping
from typing import Any

from convoy.cluster.schema.nodes import FREE, NO_DEFAULT, Schema

Source = Mapping[str, Any]

_STRING = Schema(type="string", go_type="string")


def compile_root(source: Source, object_meta: Schema, *, keeps_unknown: bool = False) -> Schema:
    """The schema of a custom kind's objects; `keeps_unknown` as the definition's preserveUnknownFields."""
    return _node(source, object_meta, is_root=True, keeps_unknown=keeps_unknown)


def _node(
    source: Source, object_meta: Schema, *, is_root: bool = False, keeps_unknown: bool = False
) -> Schema:
    is_embedded = bool(source.get("x-kubernetes-embedded-resource"))
    fields = {name: _node(child, object_meta) for name, child in (source.get("properties") or {}).items()}
    if is_root or is_embedded:
        fields.update(apiVersion=_STRING, kind=_STRING, metadata=object_meta)
    items = _node(source["items"], object_meta) if isinstance(source.get("items"), Mapping) else None
    values = _values(source.get("additionalProperties"), object_meta)
    rules = tuple(source.get("x-kubernetes-validations") or ())
    below = [child for child in (*fields.values(), items, values) if child is not None]
    return Schema(
        type=source.get("type") or ("object" if is_root else ""),
        format=source.get("format") or "",
        fields=fields,
        values=values,
        items=items,
        required=tuple(source.get("required") or ()),
        is_nullable=bool(source.get("nullable")),
        is_int_or_string=bool(source.get("x-kubernetes-int-or-string")),
        preserves_unknown=keeps_unknown or bool(source.get("x-kubernetes-preserve-unknown-fields")),
        is_embedded=is_embedded,
        list_type=source.get("x-kubernetes-list-type") or "",
        map_keys=tuple(source.get("x-kubernetes-list-map-keys") or ()),
        map_type=source.get("x-kubernetes-map-type") or "",
        default=source.get("default", NO_DEFAULT),
        is_custom=is_root,
        rules=rules,
        has_rules=bool(rules) or any(child.has_rules for child in below),
        source=source,
    )


def _values(additional: Any, object_meta: Schema) -> Schema | None:
    if isinstance(additional, Mapping):
        return _node(additional, object_meta)
    return FREE if additional is True else None
