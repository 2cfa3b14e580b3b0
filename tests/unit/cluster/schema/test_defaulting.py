"""Defaults of custom resources."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.cluster.schema.definitions import load, schema_of, with_spec

from convoy.cluster.schema import apply_defaults

CERTIFICATE = schema_of(load("certificates"))


def defaulted(**spec: Any) -> Any:
    return apply_defaults(CERTIFICATE, {"spec": spec})["spec"]


def test_missing_fields_are_given_and_those_inside_a_default_too():
    assert defaulted() == {"replicas": 1, "issuerRef": {"name": "default", "kind": "Issuer"}}


def test_what_is_given_stays():
    assert defaulted(replicas=3, issuerRef={"name": "x", "kind": "ClusterIssuer"}) == {
        "replicas": 3,
        "issuerRef": {"name": "x", "kind": "ClusterIssuer"},
    }


def test_items_of_lists_are_defaulted():
    assert defaulted(ports=[{"port": 1}])["ports"] == [{"port": 1, "protocol": "TCP", "name": ""}]


def test_nothing_is_made_up_for_an_object_that_is_missing():
    assert apply_defaults(CERTIFICATE, {}) == {}


def test_null_is_a_missing_field_unless_it_may_stand():
    spec = defaulted(secretName=None, replicas=None, subject=None, labels={"a": None})
    assert spec == {"replicas": 1, "subject": None, "labels": {}, "issuerRef": spec["issuerRef"]}


def test_the_object_and_the_default_are_left_as_they_were():
    schema = schema_of(
        with_spec(properties={"l": {"type": "array", "items": {"type": "string"}, "default": ["a"]}})
    )
    obj: dict[str, Any] = {"spec": {}}
    apply_defaults(schema, obj)["spec"]["l"].append("b")
    assert obj == {"spec": {}}
    assert apply_defaults(schema, obj)["spec"]["l"] == ["a"]


SPECS = st.fixed_dictionaries(
    {},
    optional={
        "replicas": st.none() | st.integers(0, 3),
        "issuerRef": st.none() | st.fixed_dictionaries({}, optional={"name": st.text(max_size=2)}),
        "ports": st.lists(st.fixed_dictionaries({"port": st.integers(1, 9)}), max_size=2),
        "labels": st.dictionaries(st.text("ab", max_size=1), st.none() | st.text(max_size=1), max_size=2),
    },
)


@settings(max_examples=80)
@given(SPECS)
def test_defaulting_twice_is_defaulting_once(spec: dict[str, Any]):
    once = apply_defaults(CERTIFICATE, {"spec": spec})
    assert apply_defaults(CERTIFICATE, once) == once
