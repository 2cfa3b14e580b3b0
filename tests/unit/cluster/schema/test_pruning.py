"""Pruning: what nobody declared is dropped and told."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.cluster.schema.definitions import definition, load, schema_of, thing, with_spec

from convoy.cluster.schema import Schemas, prune

DEPLOYMENT = Schemas().find_kind("apps/v1", "Deployment")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["spec", "hosts", "http", "route", "weight", "x", "extra"]), inner)
    ),
    max_leaves=12,
)


def test_unknown_fields_are_told_in_the_order_of_the_document():
    assert DEPLOYMENT is not None
    container = {"name": "a", "imagee": "b", "ports": [{"containerPort": 1, "portt": 2}]}
    pod = {"containers": [container], "nodename": "c"}
    obj = {"zzz": 1, "spec": {"replicaz": 1, "template": {"spec": pod}}, "metadata": {"label": {}}}
    pruned, unknown = prune(DEPLOYMENT, obj)
    assert unknown == [
        'unknown field "zzz"',
        'unknown field "spec.replicaz"',
        'unknown field "spec.template.spec.containers[0].imagee"',
        'unknown field "spec.template.spec.containers[0].ports[0].portt"',
        'unknown field "spec.template.spec.nodename"',
        'unknown field "metadata.label"',
    ]
    kept = {"name": "a", "ports": [{"containerPort": 1}]}
    assert pruned == {"spec": {"template": {"spec": {"containers": [kept]}}}, "metadata": {}}
    assert container["imagee"] == "b"  # the object that was given is left as it was


def test_custom_ones_are_told_sorted_after_those_of_metadata():
    crd = load("routes")
    obj = thing(crd, zzz=1, spec={"http": [{"route": [{"wieght": 1}]}], "foo": 1})
    obj["metadata"]["nam"] = "x"
    assert prune(schema_of(crd), obj)[1] == [
        'unknown field "metadata.nam"',
        'unknown field "spec.foo"',
        'unknown field "spec.http[0].route[0].wieght"',
        'unknown field "zzz"',
    ]


def test_what_a_schema_preserves_is_kept_and_known_parts_of_it_are_pruned():
    crd = load("certificates")
    spec = {"extra": {"any": {"thing": [1]}, "known": {"a": "b", "c": 1}}, "labels": {"x": "y"}}
    pruned, unknown = prune(schema_of(crd), thing(crd, spec=spec))
    assert pruned["spec"] == {"extra": {"any": {"thing": [1]}, "known": {"a": "b"}}, "labels": {"x": "y"}}
    assert unknown == ['unknown field "spec.extra.known.c"']


def test_embedded_objects_keep_what_says_what_they_are():
    crd = with_spec(
        properties={
            "child": {
                "type": "object",
                "x-kubernetes-embedded-resource": True,
                "properties": {"spec": {"type": "object"}},
            }
        }
    )
    child = {"apiVersion": "v1", "kind": "A", "metadata": {"name": "x", "foo": 1}, "other": 1}
    pruned, unknown = prune(schema_of(crd), thing(crd, spec={"child": child}))
    assert pruned["spec"]["child"] == {"apiVersion": "v1", "kind": "A", "metadata": {"name": "x"}}
    assert unknown == ['unknown field "spec.child.metadata.foo"', 'unknown field "spec.child.other"']


def test_old_definitions_keep_everything():
    crd = definition({"type": "object"})
    crd["spec"]["preserveUnknownFields"] = True
    obj = thing(crd, spec={"a": 1}, b=2)
    assert prune(schema_of(crd), obj) == (obj, [])


def test_additional_properties_that_are_true_keep_everything():
    crd = with_spec(additionalProperties=True)
    obj = thing(crd, spec={"a": {"b": None}})
    assert prune(schema_of(crd), obj) == (obj, [])


@settings(max_examples=80)
@given(JSON)
def test_pruning_twice_is_pruning_once(value: Any):
    for name in ("routes", "certificates"):
        schema = SCHEMA[name]
        pruned, unknown = prune(schema, {"spec": value})
        assert prune(schema, pruned) == (pruned, [])
        assert bool(unknown) == (pruned != {"spec": value})


SCHEMA = {name: schema_of(load(name)) for name in ("routes", "certificates")}
