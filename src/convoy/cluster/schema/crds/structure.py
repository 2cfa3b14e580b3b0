"""Whether a schema is structural: its skeleton says everything about fields, its alternatives only restrict.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording
from convoy.cluster.schema.limits import compile_pattern

Source = Mapping[str, Any]

_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]
_JUNCTORS: Final = ("anyOf", "allOf", "oneOf")

# What a schema inside an alternative may not say, and the words about it.
_FORBIDDEN: Final = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)


def validate_structural(schema: Source, path: str) -> list[Cause]:
    """Why a schema is not structural, sorted."""
    causes = [*_invariants(schema, "root", path), *_completeness(schema, schema, path, path)]
    return sorted(causes, key=lambda cause: (cause.field, cause.message))


def _properties(schema: Source) -> Mapping[str, Source]:
    return schema.get("properties") or {}


def _items(schema: Source) -> Source | None:
    items = schema.get("items")
    return items if isinstance(items, Mapping) else None


def _property_path(path: str, name: str) -> str:
    return wording.key(f"{path}.properties", name)


def _invariants(schema: Source, level: str, path: str) -> Iterator[Cause]:
    """The skeleton: every node has a type, and what is a whole object looks like one."""
    kind = schema.get("type") or ""
    items = _items(schema)
    if kind == "array" and items is None:
        yield wording.required(f"{path}.items", "must be specified")
    if items is not None:
        yield from _invariants(items, "item", f"{path}.items")
    for name, child in _properties(schema).items():
        yield from _invariants(child, "field", _property_path(path, name))
    additional = schema.get("additionalProperties")
    if additional is not None and additional is not False:
        if level == "root":
            yield wording.forbidden(f"{path}.additionalProperties", "must not be used at the root")
        if isinstance(additional, Mapping):
            yield from _invariants(additional, "field", f"{path}.additionalProperties")
    yield from _extensions(schema, path)
    yield from _values(schema, path, is_nested=False)
    yield from _type(schema, kind, level, path)
    yield from _meta_fields(schema, level, path)


def _extensions(schema: Source, path: str) -> Iterator[Cause]:
    if schema.get("x-kubernetes-int-or-string"):
        for name in ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"):
            if schema.get(name):
                why = "must be false if x-kubernetes-int-or-string is true"
                yield wording.invalid(f"{path}.{name}", True, why)


def _type(schema: Source, kind: str, level: str, path: str) -> Iterator[Cause]:
    where = f"{path}.type"
    is_embedded = bool(schema.get("x-kubernetes-embedded-resource"))
    keeps_unknown = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    if is_embedded and kind != "object":
        why = "must be object if x-kubernetes-embedded-resource is true"
        yield wording.invalid(where, kind, why) if kind else wording.required(where, why)
    elif not kind and not schema.get("x-kubernetes-int-or-string") and not keeps_unknown:
        places = {
            "root": "at the root",
            "item": "for specified array items",
            "field": "for specified object fields",
        }
        yield wording.required(where, f"must not be empty {places[level]}")
    if is_embedded and schema.get("additionalProperties") is not None:
        why = "must not be used if x-kubernetes-embedded-resource is set"
        yield wording.forbidden(f"{path}.additionalProperties", why)
    if level == "root" and kind and kind != "object":
        yield wording.invalid(where, kind, "must be object at the root")
    if is_embedded and not keeps_unknown and not _properties(schema):
        why = "must not be empty if x-kubernetes-embedded-resource is true without "
        why += "x-kubernetes-preserve-unknown-fields"
        yield wording.required(f"{path}.properties", why)


def _meta_fields(schema: Source, level: str, path: str) -> Iterator[Cause]:
    properties = _properties(schema)
    if level != "root" and not schema.get("x-kubernetes-embedded-resource"):
        return
    for name in ("kind", "apiVersion"):
        if name in properties and properties[name].get("type") != "string":
            where = f"{_property_path(path, name)}.type"
            yield wording.invalid(where, properties[name].get("type") or "", "must be string")
    if (metadata := properties.get("metadata")) is None:
        return
    where = _property_path(path, "metadata")
    if metadata.get("type") != "object":
        yield wording.invalid(f"{where}.type", metadata.get("type") or "", "must be object")
    told = set(metadata) - {"type", "properties", "default"}
    if level == "root" and (told or set(_properties(metadata)) - {"name", "generateName"}):
        why = (
            "must not specify anything other than name and generateName, but metadata is implicitly specified"
        )
        yield wording.forbidden(where, why)


def _values(schema: Source, path: str, *, is_nested: bool, skips_any_of: bool = False) -> Iterator[Cause]:
    """The alternatives: they may restrict values and nothing else."""
    any_of = schema.get("anyOf") or []
    if not (any_of == _INT_OR_STRING and (skips_any_of or not is_nested)):
        for index, branch in enumerate(any_of):
            yield from _nested(branch, f"{path}.anyOf[{index}]")
    for index, branch in enumerate(schema.get("allOf") or ()):
        # `int-or-string` may also be said in the first of allOf, to leave room for other alternatives.
        skips = not is_nested and index == 0
        yield from _nested(branch, f"{path}.allOf[{index}]", skips_any_of=skips)
    for index, branch in enumerate(schema.get("oneOf") or ()):
        yield from _nested(branch, f"{path}.oneOf[{index}]")
    if schema.get("not") is not None:
        yield from _nested(schema["not"], f"{path}.not")
    if pattern := schema.get("pattern"):
        try:
            compile_pattern(pattern)
        except ValueError as error:
            why = f"must be a valid regular expression, but isn't: error parsing regexp: {error}"
            yield wording.invalid(f"{path}.pattern", pattern, why)


def _nested(schema: Source, path: str, *, skips_any_of: bool = False) -> Iterator[Cause]:
    yield from _values(schema, path, is_nested=True, skips_any_of=skips_any_of)
    if (items := _items(schema)) is not None:
        yield from _nested(items, f"{path}.items")
    for name, child in _properties(schema).items():
        yield from _nested(child, _property_path(path, name))
    for name, why in _FORBIDDEN:
        if schema.get(name) not in (None, "", False, []):
            yield wording.forbidden(f"{path}.{name}", why)
    if "metadata" in _properties(schema):
        yield wording.forbidden(_property_path(path, "metadata"), "must not be specified in a nested context")


def _completeness(values: Source, skeleton: Source | None, path: str, values_path: str) -> Iterator[Cause]:
    """Whatever an alternative speaks about is in the skeleton."""
    for junctor in _JUNCTORS:
        for index, branch in enumerate(values.get(junctor) or ()):
            yield from _nested_completeness(branch, skeleton, path, f"{values_path}.{junctor}[{index}]")
    if values.get("not") is not None:
        yield from _nested_completeness(values["not"], skeleton, path, f"{values_path}.not")


def _nested_completeness(
    values: Source, skeleton: Source | None, path: str, values_path: str
) -> Iterator[Cause]:
    if skeleton is None:
        yield wording.required(path, f"because it is defined in {values_path}")
        return
    yield from _completeness(values, skeleton, path, values_path)
    if (items := _items(values)) is not None:
        yield from _nested_completeness(items, _items(skeleton), f"{path}.items", f"{values_path}.items")
    for name, child in _properties(values).items():
        where, told = _property_path(path, name), _property_path(values_path, name)
        yield from _nested_completeness(child, _properties(skeleton).get(name), where, told)
