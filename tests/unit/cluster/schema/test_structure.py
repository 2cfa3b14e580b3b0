"""Structural validation of custom resources, in the words of the real server."""

from typing import Any

import pytest
from tests.unit.cluster.schema.definitions import judge, load, with_spec

NOT_CHECKED = (
    '<nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; '
    "correct the existing errors to complete validation"
)


def told(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value at spec.a."""
    return judge(with_spec(properties={"a": schema}), {"a": value})


STRING, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
LIST = {"type": "array", "items": STRING}
MAP = {"type": "object", "additionalProperties": STRING}


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        (STRING, 1, 'Invalid value: "integer": spec.a in body must be of type string: "integer"'),
        (STRING, {}, 'Invalid value: "object": spec.a in body must be of type string: "object"'),
        (INTEGER, 1.5, 'Invalid value: "number": spec.a in body must be of type integer: "number"'),
        (INTEGER, True, 'Invalid value: "boolean": spec.a in body must be of type integer: "boolean"'),
        (LIST, "x", 'Invalid value: "string": spec.a in body must be of type array: "string"'),
        ({"type": "object"}, [], 'Invalid value: "array": spec.a in body must be of type object: "array"'),
        (
            {"x-kubernetes-int-or-string": True},
            1.5,
            'Invalid value: "number": spec.a in body must be of type integer,string: "number"',
        ),
        ({**STRING, "maxLength": 2}, "abc", "Too long: may not be more than 2 bytes"),
        (
            {**STRING, "minLength": 2},
            "a",
            'Invalid value: "a": spec.a in body should be at least 2 chars long',
        ),
        (
            {**STRING, "pattern": "^[a-z]+$"},
            "A\n",
            "Invalid value: \"A\\n\": spec.a in body should match '^[a-z]+$'",
        ),
        ({**STRING, "enum": ["a", "b"]}, "c", 'Unsupported value: "c": supported values: "a", "b"'),
        ({**INTEGER, "enum": [1, 2]}, 3, 'Unsupported value: 3: supported values: "1", "2"'),
        ({**STRING, "format": "ipv4"}, "x", 'Invalid value: "x": spec.a in body must be of type ipv4: "x"'),
        (
            {**INTEGER, "minimum": 0},
            -1,
            "Invalid value: -1: spec.a in body should be greater than or equal to 0",
        ),
        (
            {**INTEGER, "minimum": 1, "exclusiveMinimum": True},
            1,
            "Invalid value: 1: spec.a in body should be greater than 1",
        ),
        (
            {**NUMBER, "maximum": 1.5},
            1.75,
            "Invalid value: 1.75: spec.a in body should be less than or equal to 1.5",
        ),
        (
            {**NUMBER, "maximum": 2, "exclusiveMaximum": True},
            2.0,
            "Invalid value: 2: spec.a in body should be less than 2",
        ),
        ({**INTEGER, "multipleOf": 5}, 7, "Invalid value: 7: spec.a in body should be a multiple of 5"),
        ({**LIST, "minItems": 1}, [], "Invalid value: 0: spec.a in body should have at least 1 items"),
        ({**LIST, "maxItems": 1}, ["a", "b"], "Too many: 2: must have at most 1 items"),
        (
            {**MAP, "minProperties": 1},
            {},
            "Invalid value: 0: spec.a in body should have at least 1 properties",
        ),
        ({**MAP, "maxProperties": 1}, {"a": "", "b": ""}, "Too many: 2: must have at most 1 items"),
    ],
)
def test_a_value_that_breaks_a_rule_is_told(schema: dict[str, Any], value: Any, message: str):
    assert told(schema, value) == [f"spec.a: {message}"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (NUMBER, 1),
        (INTEGER, 2.0),
        ({**INTEGER, "enum": [1]}, 1.0),
        ({"x-kubernetes-int-or-string": True}, "http"),
        ({"x-kubernetes-int-or-string": True}, 80),
        ({**STRING, "nullable": True}, None),
        ({**STRING, "maxLength": 2}, "éé"),
        ({**STRING, "format": "int33"}, "anything"),
        ({**NUMBER, "multipleOf": 0.1}, 0.3),
        ({"x-kubernetes-preserve-unknown-fields": True}, [1, "a", {"b": None}]),
    ],
)
def test_a_value_that_fits_is_taken(schema: dict[str, Any], value: Any):
    assert told(schema, value) == []


def test_null_where_there_must_be_a_value_is_dropped_like_a_missing_field():
    assert told(STRING, None) == []
    schema = with_spec(properties={"a": STRING}, required=["a"])
    assert judge(schema, {"a": None}) == ["spec.a: Required value"]


def test_paths_have_indexes_and_the_keys_of_maps():
    schema = {"type": "object", "additionalProperties": {"type": "array", "items": INTEGER}}
    assert told(schema, {"k": [1, "x"]}) == [
        'spec.a.k[1]: Invalid value: "string": spec.a.k[1] in body must be of type integer: "string"'
    ]


def test_everything_is_told_at_once():
    crd = load("routes")
    spec = {"http": [{"route": [{"weight": -1, "destination": {"host": "A"}}, {"weight": "x"}]}]}
    first, second = "spec.http[0].route[0]", "spec.http[0].route[1]"
    number = f'{second}.weight in body must be of type integer: "string"'
    assert judge(crd, spec) == [
        f"{first}.weight: Invalid value: -1: {first}.weight in body should be greater than or equal to 0",
        f'{first}.destination.host: Invalid value: "A": {first}.destination.host in body should match '
        "'^[a-z0-9.-]+$'",
        f'{second}.weight: Invalid value: "string": {number}',
        f"{second}.destination: Required value",
        "spec.hosts: Required value",
        NOT_CHECKED,
    ]


A, B = {"required": ["a"]}, {"required": ["b"]}
OBJECT = {"type": "object", "properties": {"a": STRING, "b": STRING}}


@pytest.mark.parametrize(
    ("alternatives", "value", "messages"),
    [
        ({"oneOf": [A, B]}, {"a": ""}, []),
        (
            {"oneOf": [A, B]},
            {"a": "", "b": ""},
            ['"spec.a" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
        ),
        (
            {"oneOf": [A, B]},
            {},
            ['"spec.a" must validate one and only one schema (oneOf). Found none valid', "spec.a.a"],
        ),
        ({"anyOf": [A, B]}, {"a": "", "b": ""}, []),
        ({"anyOf": [A, B]}, {}, ['"spec.a" must validate at least one schema (anyOf)', "spec.a.a"]),
        ({"allOf": [A, B]}, {"a": ""}, ["spec.a.b", '"spec.a" must validate all the schemas (allOf)']),
        (
            {"allOf": [A, B]},
            {},
            ["spec.a.a", "spec.a.b", '"spec.a" must validate all the schemas (allOf). None validated'],
        ),
        ({"not": A}, {"b": ""}, []),
        ({"not": A}, {"a": ""}, ['"spec.a" must not validate the schema (not)']),
    ],
)
def test_alternatives_are_told_without_a_field(alternatives: dict[str, Any], value: Any, messages: list[str]):
    expected = [
        f'<nil>: Invalid value: "": {each}' if " " in each else f"{each}: Required value" for each in messages
    ]
    assert told({**OBJECT, **alternatives}, value) == expected


def test_of_the_alternatives_the_one_that_matched_most_is_told():
    near = {"properties": {"a": {"enum": ["x"]}}, "required": ["a"]}
    assert told({**OBJECT, "anyOf": [B, near]}, {"a": "y"}) == [
        '<nil>: Invalid value: "": "spec.a" must validate at least one schema (anyOf)',
        'spec.a.a: Unsupported value: "y": supported values: "x"',
    ]


@pytest.mark.parametrize(
    ("schema", "value", "duplicates"),
    [
        (
            {**LIST, "x-kubernetes-list-type": "set"},
            ["a", "b", "a", "a"],
            ['spec.a[2]: Duplicate value: "a"'],
        ),
        (
            {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["a"],
                "items": OBJECT,
            },
            [{"a": "x", "b": "1"}, {"a": "y"}, {"a": "x", "b": "2"}],
            ['spec.a[2]: Duplicate value: map[string]interface {}{"a":"x"}'],
        ),
    ],
)
def test_what_may_stand_once_is_told_when_it_stands_twice(
    schema: dict[str, Any], value: Any, duplicates: list[str]
):
    assert told(schema, value) == duplicates


def test_defaults_are_part_of_the_keys_of_a_map_list():
    ports = [{"port": 1}, {"port": 1, "protocol": "UDP"}, {"port": 1, "protocol": "TCP"}]
    spec = {"secretName": "a", "ports": ports}
    assert judge(load("certificates"), spec) == [
        'spec.ports[2]: Duplicate value: map[string]interface {}{"port":1, "protocol":"TCP"}'
    ]


def test_embedded_objects_must_say_what_they_are():
    spec = {"secretName": "a", "template": {"apiVersion": "", "metadata": {"labels": {"a": 1}}}}
    assert judge(load("certificates"), spec)[:3] == [
        "spec.template.kind: Required value: must not be empty",
        'spec.template.apiVersion: Invalid value: "": must not be empty',
        "spec.template.metadata: Invalid value: map[string]interface {}"
        '{"labels":map[string]interface {}{"a":1}}: json: cannot unmarshal number into Go struct field '
        "ObjectMeta.labels of type string",
    ]
