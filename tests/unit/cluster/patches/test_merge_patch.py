"""JSON merge patch, with the examples of RFC 7386."""

import copy

import pytest

from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.patches import apply_merge_patch


@pytest.mark.parametrize(
    ("obj", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": None, "b": None}, {}),
        ({}, {"a": [{"b": None, "c": 1}, None]}, {"a": [{"c": 1}, None]}),
    ],
)
def test_examples(obj, patch, expected):
    before = copy.deepcopy((obj, patch))
    assert apply_merge_patch(obj, patch) == expected
    assert (obj, patch) == before


def test_result_shares_nothing_with_what_was_given():
    obj, patch = {"a": [1]}, {"b": [2]}
    patched = apply_merge_patch(obj, patch)
    patched["a"].append(3)
    patched["b"].append(3)
    assert (obj, patch) == ({"a": [1]}, {"b": [2]})


@pytest.mark.parametrize("patch", [[], ["a"], "a", 1, None, True])
def test_what_is_no_object_is_a_bad_request(patch):
    with pytest.raises(StatusError, match="Invalid JSON Patch") as refused:
        apply_merge_patch({}, patch)
    assert refused.value.code == 400
