"""Ask every rule of a schema about the values it stands at.

A rule that compares with `oldSelf` is asked only where there is an old value to compare with: in objects and
maps by name, in lists only where `x-kubernetes-list-type` is `map`. One that does not is passed over where
nothing changed, so that a rule which came later locks no older object.
"""

from dataclasses import dataclass
from typing import Any

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording
from convoy.cluster.schema.cel.fieldpaths import resolve_field_path
from convoy.cluster.schema.cel.rules import Rule, RuleError, holds, is_overload_error, uses_old_self
from convoy.cluster.schema.cel.values import to_cel
from convoy.cluster.schema.correlation import Correlation
from convoy.cluster.schema.nodes import Schema


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk is; `parent` is the nearest place above whose old value is known."""

    path: str
    value: Any
    old: Correlation | None
    parent: Correlation | None

    @property
    def is_unchanged(self) -> bool:
        """Whether errors here are as old as the object."""
        known = self.old if self.old is not None else self.parent
        return known is not None and known.is_unchanged

    def field(self, name: str, *, is_named: bool) -> "_Place":
        """The place of an object's field or a map's value."""
        path = wording.child(self.path, name) if is_named else wording.key(self.path, name)
        before = None if self.old is None else self.old.field(name)
        return _Place(path, self.value[name], before, self.old if self.old is not None else self.parent)

    def item(self, index: int) -> "_Place":
        """The place of a list's item."""
        before = None if self.old is None else self.old.item(index)
        parent = self.old if self.old is not None else self.parent
        return _Place(f"{self.path}[{index}]", self.value[index], before, parent)


def validate_rules(
    schema: Schema, value: Any, old: Correlation | None = None, *, path: str = ""
) -> list[Cause]:
    """A cause for every rule that does not hold; `old` goes with `value`, None on create."""
    causes: list[Cause] = []
    _walk(schema, _Place(path, value, old, None), causes)
    return causes


def _walk(schema: Schema, place: _Place, causes: list[Cause]) -> None:
    if place.value is None or not schema.has_rules:
        return
    if schema.rules:
        causes += _ask(schema, place)
    if isinstance(place.value, dict):
        for name in place.value:
            if (named := schema.fields.get(name)) is not None:
                _walk(named, place.field(name, is_named=True), causes)
            elif schema.values is not None:
                _walk(schema.values, place.field(name, is_named=False), causes)
    elif isinstance(place.value, list) and schema.items is not None:
        for index in range(len(place.value)):
            _walk(schema.items, place.item(index), causes)


def _ask(schema: Schema, place: _Place) -> list[Cause]:
    data = {"self": to_cel(schema, place.value)}
    if place.old is not None and place.old.old is not None:
        data["oldSelf"] = to_cel(schema, place.old.old)
    causes = []
    for source in schema.rules:
        rule = Rule(source)
        if rule.expression.strip() and (cause := _judge(schema, rule, data, place)) is not None:
            causes.append(cause)
    return causes


def _judge(schema: Schema, rule: Rule, data: dict[str, Any], place: _Place) -> Cause | None:
    try:
        compares = uses_old_self(rule.expression)
        if compares and "oldSelf" not in data and not rule.takes_optional_old:
            return None
        if holds(rule, data):
            return None
    except RuleError as error:
        return wording.invalid(place.path, schema.type, _error_words(error, rule))
    if not compares and place.is_unchanged:
        return None
    return _failure(schema, rule, data, place)


def _failure(schema: Schema, rule: Rule, data: dict[str, Any], place: _Place) -> Cause:
    path = place.path
    if field_path := rule.source.get("fieldPath"):
        relative = resolve_field_path(schema, field_path)[0]
        path = relative if not path else f"{path}.{relative}"
    message = rule.message(data)
    match rule.source.get("reason"):
        case "FieldValueRequired":
            return wording.required(path, message)
        case "FieldValueForbidden":
            return wording.forbidden(path, message)
        case "FieldValueDuplicate":
            return wording.duplicate(path, schema.type)
        case _:
            return wording.invalid(path, schema.type, message)


def _error_words(error: RuleError, rule: Rule) -> str:
    if str(error).startswith("rule compile error"):
        return str(error)
    if is_overload_error(error):
        return (
            f"'{error}': call arguments did not match a supported operator, function or macro signature "
            f"for rule: {rule.title}"
        )
    return f"{error} evaluating rule: {rule.title}"
