"""What rules say of objects."""

from typing import Any

import pytest
from tests.unit.cluster.schema.definitions import judge, load, with_spec

CERTIFICATE = load("certificates")
BASE = {"secretName": "a"}


def ask(schema: dict[str, Any], expression: str, value: Any, old: Any = None, **more: Any) -> list[str]:
    """What a rule at spec.a says of a value."""
    rules = [{"rule": expression, **more}]
    crd = with_spec(properties={"a": {**schema, "x-kubernetes-validations": rules}})
    return judge(crd, {"a": value}, None if old is None else {"a": old})


STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def test_a_rule_that_holds_says_nothing():
    assert ask(INTEGER, "self > 1", 2) == []


def test_a_rule_that_does_not_hold_is_told_with_the_type_of_the_value():
    assert ask(INTEGER, "self > 1", 1) == ['spec.a: Invalid value: "integer": failed rule: self > 1']


def test_the_message_is_told_instead():
    assert ask(INTEGER, "self > 1", 1, message=" too small ") == [
        'spec.a: Invalid value: "integer": too small'
    ]


def test_a_message_may_be_made_of_the_value():
    crd = load("routes")
    route = [{"weight": weight, "destination": {"host": "a"}} for weight in (10, 20)]
    assert judge(crd, {"hosts": ["a"], "http": [{"route": route}]}) == [
        'spec.http[0].route: Invalid value: "array": weights sum to 30'
    ]


@pytest.mark.parametrize("expression", ["self.substring(9)", "' '", "'a\\nb'"])
def test_a_message_that_comes_to_nothing_gives_way(expression: str):
    told = ask(STRING, "self == 'x'", "a", messageExpression=expression, message="must be x")
    assert told == ['spec.a: Invalid value: "string": must be x']


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("FieldValueInvalid", 'Invalid value: "string": no'),
        ("FieldValueForbidden", "Forbidden: no"),
        ("FieldValueRequired", "Required value: no"),
        ("FieldValueDuplicate", 'Duplicate value: "string"'),
    ],
)
def test_the_reason_decides_the_words(reason: str, told: str):
    assert ask(STRING, "false", "a", message="no", reason=reason) == [f"spec.a: {told}"]


def test_the_failure_is_shown_at_the_field_that_the_rule_names():
    spec = {**BASE, "duration": "1h", "renewBefore": "90m"}
    assert judge(CERTIFICATE, spec) == [
        'spec.renewBefore: Invalid value: "object": must be shorter than duration'
    ]


def test_immutable_fields_are_compared_with_the_stored_object():
    assert judge(CERTIFICATE, BASE) == []
    assert judge(CERTIFICATE, {"secretName": "b"}, BASE) == [
        "spec.secretName: Forbidden: secretName is immutable"
    ]


def test_an_optional_old_value_is_asked_for_on_create_too():
    assert judge(CERTIFICATE, {**BASE, "replicas": 2}, BASE) == []
    assert judge(CERTIFICATE, BASE, {**BASE, "replicas": 2}) == [
        'spec: Invalid value: "object": there may not be fewer replicas'
    ]
    assert ask(INTEGER, "oldSelf.hasValue()", 1, optionalOldSelf=True, message="none") == [
        'spec.a: Invalid value: "integer": none'
    ]


def test_items_of_a_map_list_are_compared_with_those_of_the_same_keys():
    old = {**BASE, "ports": [{"port": 1, "name": "a"}, {"port": 2, "name": "b"}]}
    new = {**BASE, "ports": [{"port": 2, "name": "c"}, {"port": 3, "name": "a"}]}
    assert judge(CERTIFICATE, new, old) == ['spec.ports[0]: Invalid value: "object": a port keeps its name']


def test_rules_are_not_asked_about_objects_of_wrong_types():
    told = judge(CERTIFICATE, {"secretName": 1}, BASE)
    assert told[-1].endswith(
        "some validation rules were not checked because the object was invalid; "
        "correct the existing errors to complete validation"
    )
    assert not any("immutable" in each for each in told)


def test_rules_are_asked_where_a_pattern_was_broken():
    told = ask({**STRING, "pattern": "^b"}, "self != 'a'", "a")
    assert [each.partition(": ")[2].partition(": ")[2].partition(": ")[2] for each in told] == [
        "spec.a in body should match '^b'",
        "failed rule: self != 'a'",
    ]


@pytest.mark.parametrize(
    ("schema", "expression", "value", "why"),
    [
        ({"type": "object", "properties": {"b": STRING}}, "self.b == 'x'", {}, "no such key: b"),
        ({"type": "array", "items": INTEGER}, "self[3] == 1", [1], "index out of bounds: 3"),
        (INTEGER, "1 / self == 1", 0, "division by zero"),
        (INTEGER, "self + 9223372036854775807 > 0", 1, "integer overflow"),
        (STRING, "sign(quantity(self)) == 1", "x", "quantities must match the regular expression"),
        ({"type": "array", "items": INTEGER}, "self.max() == 1", [], "max called on empty list"),
    ],
)
def test_a_rule_that_comes_to_nothing_says_why(schema: dict[str, Any], expression: str, value: Any, why: str):
    (told,) = ask(schema, expression, value)
    assert told.startswith(f'spec.a: Invalid value: "{schema["type"]}": {why}')
    assert told.endswith(f" evaluating rule: {expression}")


def test_a_call_that_does_not_take_the_value_is_told_as_such():
    assert ask({"x-kubernetes-int-or-string": True}, "self.matches('a')", 1, message="no") == [
        "spec.a: Invalid value: \"\": 'no such overload': call arguments did not match a supported operator, "
        "function or macro signature for rule: no"
    ]


def test_null_is_not_asked():
    assert ask({**STRING, "nullable": True}, "self == 'a'", None) == []


@pytest.mark.parametrize(
    ("schema", "expression", "value"),
    [
        ({"type": "string", "format": "duration"}, "self > duration('1m') && self < duration('2m')", "90s"),
        ({"type": "string", "format": "duration"}, "self == duration('2h')", "2 hours"),
        ({"type": "string", "format": "date-time"}, "self.getFullYear() == 2024", "2024-05-06T07:08:09Z"),
        ({"type": "string", "format": "date"}, "self < timestamp('2024-05-07T00:00:00Z')", "2024-05-06"),
        ({"type": "string", "format": "byte"}, "self == b'abc'", "YWJj"),
        ({"type": "number"}, "self == 1.0 && self < 2", 1),
        ({"x-kubernetes-int-or-string": True}, "type(self) == int ? self > 1 : self == 'http'", "http"),
        ({"x-kubernetes-int-or-string": True}, "type(self) == int ? self > 1 : self == 'http'", 2),
        (
            {
                "type": "object",
                "properties": {"a-b": STRING, "c.d": STRING, "namespace": STRING, "e__f": STRING},
            },
            "self.a__dash__b + self.c__dot__d + self.__namespace__ + self.e__underscores__f == '1234'",
            {"a-b": "1", "c.d": "2", "namespace": "3", "e__f": "4"},
        ),
        (
            {"type": "object", "additionalProperties": INTEGER},
            "self.all(k, self[k] > 0 && k != 'x')",
            {"a-b": 1},
        ),
        ({"type": "object", "additionalProperties": INTEGER}, "self.all(k, v, v > 0 && k != 'x')", {"a": 1}),
        ({"type": "object", "properties": {"b": STRING}}, "self.?b.orValue('none') == 'none'", {}),
        ({"type": "object", "properties": {"b": STRING}}, "!has(self.b)", {}),
        ({"type": "array", "items": STRING}, "self.exists_one(x, x == 'a') && 'b' in self", ["a", "b"]),
        ({"type": "array", "items": STRING}, "sets.contains(self, ['a'])", ["b", "a"]),
    ],
)
def test_values_have_the_types_that_the_schema_gives_them(
    schema: dict[str, Any], expression: str, value: Any
):
    assert ask(schema, expression, value) == []


def test_metadata_shows_names_only():
    crd = with_spec()
    root = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    rule = "self.metadata.name.startsWith('y') && self.kind == 'Thing'"
    root["x-kubernetes-validations"] = [{"rule": rule}]
    assert judge(crd, {}) == [f'<nil>: Invalid value: "object": failed rule: {rule}']
