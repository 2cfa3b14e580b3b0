"""Schemas for the tests, and a custom kind with every kind of list and map."""

from typing import Any

from convoy.cluster.schema import Schema, Schemas

STRING = {"type": "string"}
NUMBER = {"type": "integer"}


def _list(items: dict[str, Any], kind: str = "atomic", *keys: str) -> dict[str, Any]:
    schema = {"type": "array", "items": items, "x-kubernetes-list-type": kind}
    return schema | ({"x-kubernetes-list-map-keys": list(keys)} if keys else {})


def _object(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields}


_ITEM = _object(
    name=STRING, port=NUMBER | {"default": 80}, value=STRING, sub=_object(x=STRING), tags=_list(STRING, "set")
)
_SPEC = _object(
    free={"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    whole=_list(STRING),
    numbers=_list(NUMBER, "set"),
    items=_list(_ITEM | {"required": ["name"]}, "map", "name", "port"),
    map={"type": "object", "additionalProperties": STRING},
    atomicMap={"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": STRING},
    atomicStruct=_object(a=STRING) | {"x-kubernetes-map-type": "atomic"},
    nested=_object(deep=_object(p=STRING, q=STRING)),
)


def widget_definition(spec: dict[str, Any] = _SPEC) -> dict[str, Any]:
    """The CustomResourceDefinition of Widgets."""
    root = _object(spec=spec, status=_object(phase=STRING))
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}}
    names = {"plural": "widgets", "kind": "Widget"}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    return {"metadata": {"name": "widgets.example.com"}, "spec": spec}


def widgets(spec: dict[str, Any] = _SPEC) -> Schema:
    """The schema of Widgets whose spec is such."""
    schemas = Schemas()
    schemas.set_custom(widget_definition(spec))
    return schema_of("example.com/v1", "Widget", schemas)


def schema_of(api_version: str, kind: str, schemas: Schemas | None = None) -> Schema:
    """The schema of a kind, which must be known."""
    schema = (schemas or Schemas()).find_kind(api_version, kind)
    assert schema is not None
    return schema
