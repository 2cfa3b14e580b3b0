"""Whether a custom resource is what its schema says."""

from typing import Any

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording
from convoy.cluster.schema.correlation import Correlation
from convoy.cluster.schema.custom import ScalePaths
from convoy.cluster.schema.embedded import validate_embedded
from convoy.cluster.schema.listtypes import validate_list_types
from convoy.cluster.schema.nodes import Schema
from convoy.cluster.schema.scales import validate_scale
from convoy.cluster.schema.structure import validate_structure

# After one of these a rule could meet values that it was not written for.
_BLOCKING = {
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
}
_UNCHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)


def validate_custom(
    schema: Schema, obj: dict[str, Any], old: dict[str, Any] | None = None, *, scale: ScalePaths | None = None
) -> list[Cause]:
    """Everything that is wrong with a pruned and defaulted object: its structure, then its CEL rules.

    `old` is the stored object on update: for rules that compare with `oldSelf`, and so that what did not
    change is not refused. Metadata itself is the registry's to check.
    """
    before = None if old is None else Correlation(obj, old, schema.source)
    causes = validate_structure(schema.source, obj, old=before)
    if scale is not None:
        causes += validate_scale(scale, obj)
    causes += validate_embedded(schema, obj)
    if old is None or not validate_list_types(schema, old):
        causes += validate_list_types(schema, obj)
    if not schema.has_rules:
        return causes
    if any(cause.reason in _BLOCKING for cause in causes):
        return [*causes, wording.invalid("", None, _UNCHECKED)]
    # Loaded only when there are rules: it brings a library of 14 MB.
    from convoy.cluster.schema.cel.validating import validate_rules

    return [*causes, *validate_rules(schema, obj, before)]
