"""Definitions that may be created, and those that may not."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.cluster.schema.definitions import definition, load, with_spec

from convoy.cluster.schema import Schemas, check_types, prune, validate_crd

SCHEMA = "spec.versions[0].schema.openAPIV3Schema"
SPEC = f"{SCHEMA}.properties[spec]"


def told(crd: dict[str, Any], old: dict[str, Any] | None = None) -> list[str]:
    return [f"{cause.field}: {cause.message}" for cause in validate_crd(crd, old)]


def told_of_spec(**schema: Any) -> list[str]:
    return [each.removeprefix(SPEC + ".") for each in told(with_spec(**schema))]


@pytest.mark.parametrize("name", ["routes", "certificates"])
def test_a_definition_as_people_write_them_is_taken(name: str):
    schema = Schemas().find_kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert schema is not None
    crd = load(name)
    assert prune(schema, crd)[1] == []
    assert check_types(schema, crd) is None
    assert told(crd) == []


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    *way, last = path.split(".")

    def apply(crd: dict[str, Any]) -> None:
        at: Any = crd
        for step in way:
            at = at[int(step)] if step.isdigit() else at[step]
        at[last] = value

    return apply


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("metadata.name", "x", 'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group'),
        ("spec.group", "", "spec.group: Required value"),
        ("spec.group", "io", 'spec.group: Invalid value: "io": should be a domain with at least one dot'),
        (
            "spec.scope",
            "World",
            'spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"',
        ),
        ("spec.names.plural", "", "spec.names.plural: Required value"),
        ("spec.names.kind", "", "spec.names.kind: Required value"),
        (
            "spec.names.listKind",
            "Thing",
            'spec.names.listKind: Invalid value: "Thing": kind and listKind may not be the same',
        ),
        ("spec.versions.0.storage", False, "must have exactly one version marked as storage version"),
        ("spec.versions.0.schema", {}, f"{SCHEMA}: Required value: schemas are required"),
        (
            "spec.versions.0.deprecationWarning",
            "old",
            'deprecationWarning: Invalid value: "old": can only be set for deprecated versions',
        ),
        (
            "spec.versions.0.additionalPrinterColumns",
            [{"name": "a", "type": "text", "jsonPath": "spec"}],
            'additionalPrinterColumns[0].type: Invalid value: "text": must be one of '
            "boolean,date,integer,number,string",
        ),
        (
            "spec.versions.0.subresources",
            {"scale": {"specReplicasPath": ".size", "statusReplicasPath": ".status.size"}},
            'scale.specReplicasPath: Invalid value: ".size": should be a json path under .spec',
        ),
        (
            "spec.versions.0.selectableFields",
            [{"jsonPath": ".spec.nope"}],
            'selectableFields[0].jsonPath: Invalid value: ".spec.nope": is an invalid path: '
            "does not refer to a valid field",
        ),
        (
            "spec.conversion",
            {"strategy": "Webhook"},
            "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
        ),
        (
            "spec.preserveUnknownFields",
            True,
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true",
        ),
    ],
)
def test_a_definition_that_breaks_a_rule_is_refused(path: str, value: Any, message: str):
    crd = with_spec(properties={"a": {"type": "string"}})
    change(path, value)(crd)
    assert any(message in each for each in told(crd)), told(crd)


def test_groups_of_kubernetes_need_an_approval():
    crd = with_spec()
    crd["spec"]["group"] = "x.k8s.io"
    crd["metadata"]["name"] = "things.x.k8s.io"
    assert told(crd)[0].startswith(
        "metadata.annotations[api-approved.kubernetes.io]: Required value: protected"
    )
    crd["metadata"]["annotations"] = {"api-approved.kubernetes.io": "unapproved, experimental"}
    assert told(crd) == []


def test_what_objects_hang_on_does_not_change():
    old, new = with_spec(), with_spec()
    new["spec"]["names"]["kind"] = "Other"
    assert told(new, old) == []
    old["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
    assert told(new, old) == ['spec.names.kind: Invalid value: "Other": field is immutable']


@pytest.mark.parametrize(
    ("schema", "messages"),
    [
        (
            {"properties": {"a": {}}},
            ["properties[a].type: Required value: must not be empty for specified object fields"],
        ),
        (
            {"properties": {"a": {"type": "array"}}},
            ["properties[a].items: Required value: must be specified"],
        ),
        (
            {"properties": {"a": {"type": "array", "items": {}}}},
            ["properties[a].items.type: Required value: must not be empty for specified array items"],
        ),
        (
            {"oneOf": [{"properties": {"a": {"type": "string"}}}], "properties": {"a": {"type": "string"}}},
            ["oneOf[0].properties[a].type: Forbidden: must be empty to be structural"],
        ),
        (
            {"anyOf": [{"description": "x", "default": 1, "nullable": True}]},
            [
                "anyOf[0].default: Forbidden: must be undefined to be structural",
                "anyOf[0].description: Forbidden: must be empty to be structural",
                "anyOf[0].nullable: Forbidden: must be false to be structural",
            ],
        ),
        (
            {"properties": {"a": {"type": "string", "pattern": "("}}},
            [
                'properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: '
                "error parsing regexp: missing ): ("
            ],
        ),
        (
            {"properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}},
            ["additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"],
        ),
        (
            {"properties": {"a": {"type": "array", "uniqueItems": True, "items": {"type": "string"}}}},
            [
                "properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime "
                "complexity becomes quadratic"
            ],
        ),
        (
            {"x-kubernetes-embedded-resource": True},
            [
                "properties: Required value: must not be empty if x-kubernetes-embedded-resource is true "
                "without x-kubernetes-preserve-unknown-fields"
            ],
        ),
        (
            {"properties": {"a": {"type": "text"}}},
            [
                'properties[a].type: Unsupported value: "text": supported values: "array", "boolean", '
                '"integer", "number", "object", "string"'
            ],
        ),
    ],
)
def test_a_schema_that_is_not_structural_is_refused(schema: dict[str, Any], messages: list[str]):
    assert told_of_spec(**schema) == messages


def test_int_or_string_may_say_its_types():
    either = [{"type": "integer"}, {"type": "string"}]
    marked = {"x-kubernetes-int-or-string": True}
    assert told_of_spec(properties={"a": {**marked, "anyOf": either}}) == []
    assert told_of_spec(properties={"a": {**marked, "allOf": [{"anyOf": either}, {"pattern": "^a"}]}}) == []


def test_alternatives_of_the_root_speak_of_known_fields_only():
    crd = with_spec()
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["anyOf"] = [
        {"properties": {"zz": {"minLength": 1}}}
    ]
    assert told(crd) == [
        f"{SCHEMA}.properties[zz]: Required value: because it is defined in {SCHEMA}.anyOf[0].properties[zz]"
    ]


def test_metadata_can_only_restrict_names():
    crd = with_spec()
    properties = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    properties["metadata"] = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}}}
    assert told(crd) == []
    properties["metadata"]["properties"]["labels"] = {"type": "object"}
    assert told(crd) == [
        f"{SCHEMA}.properties[metadata]: Forbidden: must not specify anything other than name and "
        "generateName, but metadata is implicitly specified"
    ]


def test_the_root_is_bare_beside_a_status_subresource():
    crd = definition({"type": "object", "minProperties": 1}, subresources={"status": {}})
    assert [
        each for each in told(crd) if "fields are allowed at the root of the schema if the status" in each
    ]


def listed(items: dict[str, Any], **more: Any) -> list[str]:
    return told_of_spec(properties={"a": {"type": "array", "items": items, **more}})


def test_list_types_fit_what_they_stand_at():
    text, thing = {"type": "string"}, {"type": "object", "properties": {"k": {"type": "string"}}}
    by_key = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    assert listed(text, **{"x-kubernetes-list-type": "set"}) == []
    assert listed({**thing, "required": ["k"]}, **by_key) == []
    assert listed(thing, **by_key) == [
        "properties[a].items.properties[k].default: Required value: this property is in "
        "x-kubernetes-list-map-keys, so it must have a default or be a required property"
    ]
    assert listed(thing, **{"x-kubernetes-list-type": "set"}) == [
        'properties[a].items.x-kubernetes-map-type: Invalid value: "null": must be atomic as item of a list '
        "with x-kubernetes-list-type=set"
    ]
    assert listed(text, **by_key) == [
        'properties[a].items.type: Invalid value: "string": must be object if parent array\'s '
        "x-kubernetes-list-type is map"
    ]
    assert told_of_spec(**{"x-kubernetes-list-type": "set"}) == [
        'type: Invalid value: "object": must be array if x-kubernetes-list-type is specified'
    ]


def test_a_default_must_be_a_value_of_its_schema():
    assert told_of_spec(properties={"a": {"type": "integer", "default": "x"}}) == [
        'properties[a].default: Invalid value: "string":  in body must be of type integer: "string"'
    ]
    nested = {"type": "object", "properties": {"b": {"type": "string"}}, "default": {"c": 1}}
    assert told_of_spec(properties={"a": nested}) == [
        'properties[a].default: Invalid value: map[string]interface {}{"c":1}: must not have unknown fields'
    ]
    ruled = {"type": "integer", "default": 1, "x-kubernetes-validations": [{"rule": "self > 1"}]}
    assert told_of_spec(properties={"a": ruled}) == [
        'properties[a].default: Invalid value: "integer": failed rule: self > 1'
    ]


def ruled(**rule: Any) -> list[str]:
    rules = {"x-kubernetes-validations": [rule], "properties": {"a": {"type": "string"}}}
    return [each.removeprefix("x-kubernetes-validations[0].") for each in told_of_spec(**rules)]


def test_rules_must_compile():
    (message,) = ruled(rule="self.b == 'x'")
    assert message.startswith(
        'rule: Invalid value: apiextensions.ValidationRule{Rule:"self.b == \'x\'", Message:""'
    )
    assert message.endswith(
        ": compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b == 'x'\n | ....^"
    )


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"rule": " "}, "rule: Required value: rule is not specified"),
        (
            {"rule": "true", "message": " "},
            'message: Invalid value: " ": message must be non-empty if specified',
        ),
        (
            {"rule": "true\n||true"},
            "message: Required value: message must be specified if rule contains line breaks",
        ),
        (
            {"rule": "true", "reason": "Because"},
            'reason: Unsupported value: "Because": supported values: "FieldValueDuplicate", '
            '"FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"',
        ),
        (
            {"rule": "true", "fieldPath": ".b"},
            'fieldPath: Invalid value: ".b": fieldPath must be a valid path',
        ),
        (
            {"rule": "true", "optionalOldSelf": True},
            "optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule",
        ),
    ],
)
def test_rules_must_be_in_order(rule: dict[str, Any], message: str):
    assert ruled(**rule) == [message]


def test_rules_below_a_list_without_keys_have_no_old_value():
    items = {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}
    assert listed(items) == [
        'properties[a].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf '
        f"cannot be used on the uncorrelatable portion of the schema within {SPEC}.properties[a]"
    ]


def test_rules_are_not_compiled_in_a_schema_with_other_faults():
    rules = [{"rule": "self.nope"}]
    assert told_of_spec(**{"x-kubernetes-validations": rules, "properties": {"a": {"type": "text"}}}) == [
        'properties[a].type: Unsupported value: "text": supported values: "array", "boolean", "integer", '
        '"number", "object", "string"'
    ]


def test_a_schema_that_is_stored_already_is_not_checked_again():
    old = with_spec(properties={"a": {"type": "text"}})
    new = with_spec(properties={"a": {"type": "text"}})
    assert told(new, old) == []
    new["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["a"][
        "type"
    ] = "txt"
    assert len(told(new, old)) == 1
