"""Updates: what did not change is not refused."""

from tests.unit.cluster.schema.definitions import judge, load, with_spec

LOW = {"type": "integer", "maximum": 5}
ITEM = {"type": "object", "properties": {"name": {"type": "string"}, "size": LOW}, "required": ["name"]}


def test_an_unchanged_field_may_break_a_rule_that_came_later():
    crd = with_spec(properties={"a": LOW, "b": LOW})
    assert judge(crd, {"a": 9, "b": 1}, {"a": 9, "b": 0}) == []
    assert judge(crd, {"a": 8, "b": 1}, {"a": 9, "b": 1}) == [
        "spec.a: Invalid value: 8: spec.a in body should be less than or equal to 5"
    ]


def test_items_of_a_map_list_are_known_by_their_keys():
    items = {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": ITEM,
    }
    crd = with_spec(properties={"l": items})
    old = {"l": [{"name": "a", "size": 9}, {"name": "b", "size": 1}]}
    assert judge(crd, {"l": [{"name": "b", "size": 2}, {"name": "a", "size": 9}]}, old) == []
    assert judge(crd, {"l": [{"name": "b", "size": 9}]}, old) == [
        "spec.l[0].size: Invalid value: 9: spec.l[0].size in body should be less than or equal to 5"
    ]


def test_items_of_other_lists_are_judged_anew():
    crd = with_spec(properties={"l": {"type": "array", "items": LOW}})
    assert len(judge(crd, {"l": [9, 1]}, {"l": [9]})) == 1
    assert judge(crd, {"l": [9]}, {"l": [9]}) == []


def test_duplicates_that_were_there_may_stay():
    crd = with_spec(
        properties={
            "l": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "b": LOW,
        }
    )
    assert judge(crd, {"l": ["a", "a"], "b": 1}, {"l": ["a", "a"]}) == []
    assert judge(crd, {"l": ["a", "a"]}, {"l": ["a"]}) == ['spec.l[1]: Duplicate value: "a"']


def test_a_rule_that_does_not_compare_is_passed_over_where_nothing_changed():
    crd = load("certificates")
    base = {"secretName": "a", "memory": "2Gi"}
    assert judge(crd, {**base, "replicas": 2}, base) == []
    changed = judge(crd, {**base, "memory": "3Gi"}, base)
    assert changed == [
        "spec.memory: Invalid value: \"string\": failed rule: quantity(self).isLessThan(quantity('1Gi'))"
    ]
