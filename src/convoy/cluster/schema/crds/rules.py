"""Whether the CEL rules of a schema compile, and may ask what they ask where they stand."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording
from convoy.cluster.schema.cel.checking import Checker
from convoy.cluster.schema.cel.escaping import escape
from convoy.cluster.schema.cel.fieldpaths import resolve_field_path
from convoy.cluster.schema.nodes import Schema

_TEXTS: Final = {
    "Rule": "rule",
    "Message": "message",
    "MessageExpression": "messageExpression",
    "FieldPath": "fieldPath",
}
_ORDER: Final = ("Rule", "Message", "MessageExpression", "Reason", "FieldPath", "OptionalOldSelf")


def validate_rules(schema: Schema, path: str, *, uncorrelatable: str = "") -> Iterator[Cause]:
    """Causes for the rules of a node and of everything below it.

    `uncorrelatable` is the first schema above whose items cannot be told from one version of an object to the
    next: below it there is no old value to compare with.
    """
    if not schema.has_rules:
        return
    if schema.rules:
        yield from _validate_node(schema, path, uncorrelatable)
    for name, child in schema.fields.items():
        if escape(name) is not None or child.rules:
            where = wording.key(f"{path}.properties", name)
            yield from validate_rules(child, where, uncorrelatable=uncorrelatable)
    if schema.values is not None:
        where = f"{path}.additionalProperties"
        yield from validate_rules(schema.values, where, uncorrelatable=uncorrelatable)
    if schema.items is not None:
        above = uncorrelatable or ("" if schema.list_type == "map" else path)
        yield from validate_rules(schema.items, f"{path}.items", uncorrelatable=above)


def _validate_node(schema: Schema, path: str, uncorrelatable: str) -> Iterator[Cause]:
    checker = Checker(schema)
    if not checker.is_visible:
        why = "internal error: failed to retrieve type information for x-kubernetes-validations"
        yield Cause("InternalError", f"Internal error: {why}", f"{path}.x-kubernetes-validations")
        return
    for index, rule in enumerate(schema.rules):
        yield from _validate_rule(
            schema, rule, checker, f"{path}.x-kubernetes-validations[{index}]", uncorrelatable
        )


def _validate_rule(
    schema: Schema, rule: Mapping[str, Any], checker: Checker, path: str, uncorrelatable: str
) -> Iterator[Cause]:
    is_optional = bool(rule.get("optionalOldSelf"))
    checked = checker.check_rule(rule["rule"], old_is_optional=is_optional)
    if checked.error:
        yield _invalid(f"{path}.rule", rule, checked.error)
    elif expression := rule.get("messageExpression"):
        message = checker.check_message(expression, old_is_optional=is_optional)
        if message.error:
            yield _invalid(f"{path}.messageExpression", rule, message.error)
    if checked.uses_old_self and uncorrelatable:
        why = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelatable}"
        yield wording.invalid(f"{path}.rule", rule["rule"], why)
    elif not checked.uses_old_self and not checked.error and rule.get("optionalOldSelf") is not None:
        why = "may not be set if oldSelf is not used in rule"
        yield wording.invalid(f"{path}.optionalOldSelf", rule["optionalOldSelf"], why)
    if field_path := rule.get("fieldPath"):
        try:
            resolve_field_path(schema, field_path)
        except ValueError:
            yield wording.invalid(f"{path}.fieldPath", field_path, "fieldPath must be a valid path")


def _invalid(path: str, rule: Mapping[str, Any], why: str) -> Cause:
    """A fault of a rule, which is shown as the Go struct that it is there."""
    reason, is_optional = rule.get("reason"), rule.get("optionalOldSelf")
    fields = {
        **{name: wording.quoted(rule.get(key) or "") for name, key in _TEXTS.items()},
        "Reason": f"(*apiextensions.FieldValueErrorReason)({wording.quoted(reason) if reason else 'nil'})",
        "OptionalOldSelf": f"(*bool)({'nil' if is_optional is None else wording.printed(is_optional)})",
    }
    shown = ", ".join(f"{name}:{fields[name]}" for name in _ORDER)
    return Cause("FieldValueInvalid", f"Invalid value: apiextensions.ValidationRule{{{shown}}}: {why}", path)
