"""Schemas of the built-in kinds, compiled when first asked for and shared by every cluster of the process."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from convoy.cluster.schema.definitions import (
    INT_OR_STRING,
    OBJECT_META,
    PREFIX,
    QUANTITY,
    Definition,
    read_definitions,
)
from convoy.cluster.schema.nodes import FREE, Schema

_SCALARS = {
    ("string", ""): "string",
    ("string", "byte"): "[]uint8",
    ("string", "date-time"): "v1.Time",
    ("boolean", ""): "bool",
    ("integer", "int32"): "int32",
    ("integer", "int64"): "int64",
    ("integer", ""): "int64",
    ("number", "double"): "float64",
}


class BuiltinSchemas:
    """What Kubernetes itself defines; read from disk once, compiled kind by kind."""

    def __init__(self, definitions: dict[str, Definition]) -> None:
        self.definitions: Mapping[str, Definition] = definitions
        self._compiled: dict[str, Schema] = {}
        self._by_kind = {
            (kind["group"], kind["version"], kind["kind"]): name
            for name, definition in definitions.items()
            for kind in definition.get("x-kubernetes-group-version-kind", ())
        }

    def name_of(self, group: str, version: str, kind: str) -> str | None:
        """The name of a kind's definition."""
        return self._by_kind.get((group, version, kind))

    def find(self, group: str, version: str, kind: str) -> Schema | None:
        """The schema of a kind."""
        name = self.name_of(group, version, kind)
        return None if name is None else self.named(name)

    def named(self, name: str) -> Schema:
        """The schema of a definition; KeyError when there is none of that name."""
        found = self._compiled.get(name)
        return found or self._compile_definition(name)

    @property
    def object_meta(self) -> Schema:
        """The schema of `metadata`."""
        return self.named(OBJECT_META)

    def _compile_definition(self, name: str) -> Schema:
        definition = self.definitions[name]
        if name in (INT_OR_STRING, QUANTITY):
            compiled = _number_or_string(name)
        elif "properties" in definition:
            # Kept before its fields are known: a definition may lead back to itself.
            fields: dict[str, Schema] = {}
            compiled = Schema(
                type="object",
                fields=fields,
                required=tuple(definition.get("required", ())),
                map_type=definition.get("x-kubernetes-map-type", ""),
                go_type=_go_name(name),
            )
            self._compiled[name] = compiled
            for field, schema in definition["properties"].items():
                fields[field] = self._compile(schema)
        elif definition.get("type", "object") == "object" and "additionalProperties" not in definition:
            compiled = dataclasses.replace(FREE, type=definition.get("type", ""), go_type=_go_name(name))
        else:
            compiled = dataclasses.replace(self._compile(definition), go_type=_go_name(name))
        self._compiled[name] = compiled
        return compiled

    def _compile(self, schema: Definition) -> Schema:
        if (reference := schema.get("$ref")) is not None:
            target = self.named(reference[len(PREFIX) :])
            how = _placement(schema)
            return dataclasses.replace(target, **how) if how else target
        items = self._compile(schema["items"]) if "items" in schema else None
        values = self._compile(schema["additionalProperties"]) if "additionalProperties" in schema else None
        fields = {name: self._compile(child) for name, child in schema.get("properties", {}).items()}
        kind = schema.get("type", "")
        return Schema(
            type=kind,
            format=schema.get("format", ""),
            fields=fields,
            items=items,
            values=values,
            required=tuple(schema.get("required", ())),
            preserves_unknown=kind in ("", "object") and not fields and values is None,
            go_type=_go_type(schema, items, values),
            **_placement(schema),
        )


def _placement(schema: Definition) -> dict[str, Any]:
    """What is said about a field rather than about its type."""
    how: dict[str, Any] = {}
    if "x-kubernetes-map-type" in schema:
        how["map_type"] = schema["x-kubernetes-map-type"]
    if "default" in schema:
        how["default"] = schema["default"]
    if strategy := schema.get("x-kubernetes-patch-strategy", ""):
        how["patch_strategies"] = tuple(strategy.split(","))
        how["merge_key"] = schema.get("x-kubernetes-patch-merge-key", "")
    if schema.get("type") == "array":
        how["list_type"] = schema.get("x-kubernetes-list-type", "")
        how["map_keys"] = tuple(schema.get("x-kubernetes-list-map-keys", ()))
    return how


def _number_or_string(name: str) -> Schema:
    if name == QUANTITY:
        return Schema(type="string", format="quantity", is_int_or_string=True, go_type="resource.Quantity")
    return Schema(type="string", format="int-or-string", is_int_or_string=True, go_type="intstr.IntOrString")


def _go_name(name: str) -> str:
    """`io.k8s.api.apps.v1.DeploymentSpec` is `v1.DeploymentSpec` to Go."""
    return ".".join(name.split(".")[-2:])


def _go_type(schema: Definition, items: Schema | None, values: Schema | None) -> str:
    if items is not None:
        return f"[]{items.go_type}"
    if values is not None:
        return f"map[string]{values.go_type}"
    kind = schema.get("type", "")
    return _SCALARS.get((kind, schema.get("format", "")), kind or "interface {}")


@functools.cache
def builtin_schemas() -> BuiltinSchemas:
    """The one instance of this process; about 10 ms the first time."""
    return BuiltinSchemas(read_definitions())
