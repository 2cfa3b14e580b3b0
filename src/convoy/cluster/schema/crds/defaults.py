"""Defaults in a schema: each must be a value that the schema would take, with nothing unknown in it."""

from collections.abc import Iterator

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording
from convoy.cluster.schema.embedded import validate_embedded
from convoy.cluster.schema.nodes import Schema
from convoy.cluster.schema.pruning import prune_value
from convoy.cluster.schema.structure import validate_structure

_META_FIELDS = ("metadata", "apiVersion", "kind")


def validate_defaults(schema: Schema, path: str) -> Iterator[Cause]:
    """Causes for defaults below a structural schema; those of metadata are refused elsewhere."""
    if schema.has_default and schema.default is not None:
        yield from _validate(schema, f"{path}.default")
    if schema.items is not None:
        yield from validate_defaults(schema.items, f"{path}.items")
    for name, child in schema.fields.items():
        if not ((schema.is_custom or schema.is_embedded) and name in _META_FIELDS):
            yield from validate_defaults(child, wording.key(f"{path}.properties", name))


def _validate(schema: Schema, path: str) -> Iterator[Cause]:
    pruned, unknown = prune_value(schema, schema.default)
    if unknown:
        yield wording.invalid(path, schema.default, "must not have unknown fields")
    causes = [_below(cause, path) for cause in validate_embedded(schema, pruned)]
    causes = causes or [_below(cause, path) for cause in validate_structure(schema.source, schema.default)]
    if not causes and schema.has_rules:
        from convoy.cluster.schema.cel.validating import validate_rules

        causes = validate_rules(schema, schema.default, path=path)
    yield from causes


def _below(cause: Cause, path: str) -> Cause:
    field = path if cause.field == wording.NO_PATH else f"{path}.{cause.field}"
    return Cause(cause.reason, cause.message, field)
