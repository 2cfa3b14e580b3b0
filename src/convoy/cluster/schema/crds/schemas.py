"""A version's schema: what OpenAPI has that Kubernetes does not, list and map types, and the rules in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording
from convoy.cluster.schema.builtin import builtin_schemas
from convoy.cluster.schema.crds.defaults import validate_defaults
from convoy.cluster.schema.crds.listing import validate_list_type
from convoy.cluster.schema.crds.structure import validate_structural
from convoy.cluster.schema.structural import compile_root

Source = Mapping[str, Any]

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_META_FIELDS: Final = frozenset({"metadata", "kind", "apiVersion"})
_UNSUPPORTED: Final = (
    *("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"),
)

# Beside a status subresource the root may say only what is not lost when `status` is taken out of it.
_AT_ROOT: Final = {
    "description": "Description",
    "type": "Type",
    "format": "Format",
    "title": "Title",
    "maximum": "Maximum",
    "exclusiveMaximum": "ExclusiveMaximum",
    "minimum": "Minimum",
    "exclusiveMinimum": "ExclusiveMinimum",
    "maxLength": "MaxLength",
    "minLength": "MinLength",
    "pattern": "Pattern",
    "maxItems": "MaxItems",
    "minItems": "MinItems",
    "uniqueItems": "UniqueItems",
    "multipleOf": "MultipleOf",
    "required": "Required",
    "items": "Items",
    "properties": "Properties",
    "externalDocs": "ExternalDocs",
    "example": "Example",
    "x-kubernetes-preserve-unknown-fields": "XPreserveUnknownFields",
    "x-kubernetes-validations": "XValidations",
}


_WITH_STATUS: Final = "at the root of the schema if the status subresource is enabled"


@dataclass(frozen=True, slots=True)
class Context:
    """What the schemas above mean for one below."""

    is_root: bool = False
    no_defaults: str | None = None  # why there may be no default here
    is_meta: bool = False  # inside apiVersion, kind or metadata


def validate_version_schema(schema: Source, path: str, *, has_status: bool) -> list[Cause]:
    """Everything that is wrong with the schema of a version; `has_status`: it has the status subresource."""
    causes = [*_validate_root(schema, path, has_status=has_status)]
    if faults := validate_structural(schema, path):
        return [*causes, *faults, *_validate(schema, path, Context(is_root=True))]
    root = compile_root(schema, builtin_schemas().object_meta)
    causes += validate_defaults(root, path)
    causes += _validate(schema, path, Context(is_root=True))
    if not causes and root.has_rules:
        from convoy.cluster.schema.crds.rules import validate_rules

        causes += validate_rules(root, path)
    return causes


def has_defaults(schema: Source) -> bool:
    """Whether a default is given anywhere in a schema."""
    return "default" in schema or any(has_defaults(child) for child in _children(schema))


def _children(schema: Source) -> Iterator[Source]:
    yield from (schema.get("properties") or {}).values()
    for name in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(name), Mapping):
            yield schema[name]
    for name in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(name) or ()


def _validate_root(schema: Source, path: str, *, has_status: bool) -> Iterator[Cause]:
    if has_status:
        if schema.get("type", "object") != "object":
            why = f'only "object" is allowed as the type {_WITH_STATUS}'
            yield wording.invalid(f"{path}.type", schema.get("type"), why)
        elif set(schema) - set(_AT_ROOT):
            listed = "[" + " ".join(_AT_ROOT.values()) + "]"
            why = f"only {listed} fields are allowed {_WITH_STATUS}"
            yield wording.invalid(path, dict(schema), why)
    if schema.get("nullable"):
        yield wording.forbidden(f"{path}.nullable", "nullable cannot be true at the root")


def _validate(schema: Source, path: str, context: Context) -> Iterator[Cause]:
    yield from _validate_openapi(schema, path, context)
    yield from _validate_children(schema, path, context)
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        why = "must be true or undefined"
        yield wording.invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, why)
    yield from _validate_map_type(schema, path)
    yield from validate_list_type(schema, path)
    yield from _validate_rule_texts(schema, path)


def _validate_openapi(schema: Source, path: str, context: Context) -> Iterator[Cause]:
    kind = schema.get("type")
    if kind == "null":
        why = "type cannot be set to null, use nullable as an alternative"
        yield wording.forbidden(f"{path}.type", why)
    elif kind and kind not in _TYPES:
        yield wording.not_supported(f"{path}.type", kind, _TYPES)
    if schema.get("default") is not None and context.no_defaults is not None:
        yield wording.forbidden(f"{path}.default", f"must not be set {context.no_defaults}")
    for name in _UNSUPPORTED:
        if schema.get(name):
            yield wording.forbidden(f"{path}.{name}", f"{name} is not supported")
    if isinstance(schema.get("items"), list):
        yield wording.forbidden(f"{path}.items", "items must be a schema object and not an array")
    if context.is_meta and schema.get("x-kubernetes-embedded-resource"):
        why = "must not be used inside of resource meta"
        yield wording.forbidden(f"{path}.x-kubernetes-embedded-resource", why)
    if schema.get("uniqueItems"):
        why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield wording.forbidden(f"{path}.uniqueItems", why)


def _validate_children(schema: Source, path: str, context: Context) -> Iterator[Cause]:
    properties = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    below = replace(context, is_root=False)
    if additional is not None:
        if properties and additional is not True:
            why = "additionalProperties and properties are mutual exclusive"
            yield wording.forbidden(f"{path}.additionalProperties", why)
        if isinstance(additional, Mapping):
            words = "inside additionalProperties applying to object metadata"
            inner = replace(below, no_defaults=words) if context.is_meta else below
            yield from _validate(additional, f"{path}.additionalProperties", inner)
    has_meta = context.is_root or bool(schema.get("x-kubernetes-embedded-resource"))
    for name, child in properties.items():
        inner = below
        if has_meta and name in _META_FIELDS:
            why_not = f"in top-level {name}" if context.is_root else context.no_defaults
            inner = replace(below, is_meta=True, no_defaults=why_not)
        yield from _validate(child, wording.key(f"{path}.properties", name), inner)
    if isinstance(schema.get("not"), Mapping):
        yield from _validate(schema["not"], f"{path}.not", below)
    for junctor in ("allOf", "oneOf", "anyOf"):
        for index, branch in enumerate(schema.get(junctor) or ()):
            yield from _validate(branch, f"{path}.{junctor}[{index}]", below)
    if isinstance(schema.get("items"), Mapping):
        yield from _validate(schema["items"], f"{path}.items", below)


def _validate_map_type(schema: Source, path: str) -> Iterator[Cause]:
    map_type, kind = schema.get("x-kubernetes-map-type"), schema.get("type") or ""
    if map_type is None:
        return
    if kind != "object":
        why = "must be object if x-kubernetes-map-type is specified"
        yield wording.invalid(f"{path}.type", kind, why) if kind else wording.required(f"{path}.type", why)
    if map_type not in ("atomic", "granular"):
        yield wording.not_supported(f"{path}.x-kubernetes-map-type", map_type, ["atomic", "granular"])


def _validate_rule_texts(schema: Source, path: str) -> Iterator[Cause]:
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        where = f"{path}.x-kubernetes-validations[{index}]"
        text, message = rule.get("rule") or "", rule.get("message") or ""
        if not text.strip():
            yield wording.required(f"{where}.rule", "rule is not specified")
        elif message and not message.strip():
            yield wording.invalid(f"{where}.message", message, "message must be non-empty if specified")
        elif _has_newline(message.strip()):
            yield wording.invalid(f"{where}.message", message, "message must not contain line breaks")
        elif _has_newline(text.strip()) and not message.strip():
            why = "message must be specified if rule contains line breaks"
            yield wording.required(f"{where}.message", why)
        yield from _validate_rule_extras(rule, where)


def _validate_rule_extras(rule: Source, where: str) -> Iterator[Cause]:
    expression, reason, field_path = rule.get("messageExpression"), rule.get("reason"), rule.get("fieldPath")
    if expression and not expression.strip():
        yield wording.required(
            f"{where}.messageExpression", "messageExpression must be non-empty if specified"
        )
    reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"]
    if reason is not None and reason not in reasons:
        yield wording.not_supported(f"{where}.reason", reason, reasons)
    if field_path and not field_path.strip():
        yield wording.invalid(f"{where}.fieldPath", field_path, "fieldPath must be non-empty if specified")
    elif field_path and _has_newline(field_path):
        yield wording.invalid(f"{where}.fieldPath", field_path, "fieldPath must not contain line breaks")


def _has_newline(text: str) -> bool:
    return "\n" in text or "\r" in text
