"""JSON patch: RFC 6902, where the API server is laxer, and how it refuses."""

import copy

import pytest

from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.patches import apply_json_patch

OBJECT = {"metadata": {"labels": {"a/b": "1", "c~d": "2"}}, "spec": {"items": ["x", "y"], "none": None}}


@pytest.mark.parametrize(
    ("operation", "path", "expected"),
    [
        ({"op": "add", "path": "/spec/new", "value": 1}, ("spec", "new"), 1),
        ({"op": "add", "path": "/spec/items", "value": []}, ("spec", "items"), []),
        ({"op": "add", "path": "/spec/items/0", "value": "w"}, ("spec", "items"), ["w", "x", "y"]),
        ({"op": "add", "path": "/spec/items/-", "value": "z"}, ("spec", "items"), ["x", "y", "z"]),
        ({"op": "add", "path": "/spec/items/2", "value": "z"}, ("spec", "items"), ["x", "y", "z"]),
        ({"op": "add", "path": "/spec/items/-1", "value": "z"}, ("spec", "items"), ["x", "y", "z"]),
        ({"op": "remove", "path": "/spec/items/0"}, ("spec", "items"), ["y"]),
        ({"op": "remove", "path": "/spec/items/-1"}, ("spec", "items"), ["x"]),
        ({"op": "replace", "path": "/spec/items/1", "value": {"a": 1}}, ("spec", "items"), ["x", {"a": 1}]),
        ({"op": "replace", "path": "/spec/missing", "value": 1}, ("spec", "missing"), 1),
        (
            {"op": "replace", "path": "/metadata/labels/a~1b", "value": "9"},
            ("metadata", "labels", "a/b"),
            "9",
        ),
        (
            {"op": "replace", "path": "/metadata/labels/c~0d", "value": "9"},
            ("metadata", "labels", "c~d"),
            "9",
        ),
        ({"op": "copy", "from": "/spec/items", "path": "/spec/more"}, ("spec", "more"), ["x", "y"]),
        ({"op": "move", "from": "/spec/items/0", "path": "/spec/first"}, ("spec", "first"), "x"),
        ({"op": "test", "path": "/spec/items/0", "value": "x"}, ("spec", "items"), ["x", "y"]),
        ({"op": "test", "path": "/spec/missing", "value": None}, ("spec", "items"), ["x", "y"]),
        ({"op": "test", "path": "/spec/none", "value": None}, ("spec", "items"), ["x", "y"]),
    ],
)
def test_operations(operation, path, expected):
    found = apply_json_patch(OBJECT, [operation])
    for key in path:
        found = found[key]
    assert found == expected


def test_operations_see_what_earlier_ones_did():
    operations = [
        {"op": "add", "path": "/spec/list", "value": []},
        {"op": "add", "path": "/spec/list/-", "value": "a"},
        {"op": "test", "path": "/spec/list/0", "value": "a"},
    ]
    assert apply_json_patch(OBJECT, operations)["spec"]["list"] == ["a"]


def test_what_is_given_stays_as_it_was_and_shares_nothing_with_the_result():
    obj, value = copy.deepcopy(OBJECT), {"deep": []}
    patched = apply_json_patch(obj, [{"op": "add", "path": "/spec/new", "value": value}])
    patched["spec"]["new"]["deep"].append(1)
    patched["spec"]["items"].clear()
    assert (obj, value) == (OBJECT, {"deep": []})


def test_copies_are_independent_of_each_other():
    operations = [
        {"op": "copy", "from": "/spec/items", "path": "/spec/more"},
        {"op": "remove", "path": "/spec/items/0"},
    ]
    assert apply_json_patch(OBJECT, operations)["spec"]["more"] == ["x", "y"]


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ({"op": "test", "path": "/spec/items/0", "value": "z"}, "testing value /spec/items/0 failed"),
        ({"op": "test", "path": "/spec/items/0"}, "testing value /spec/items/0 failed"),
        ({"op": "remove", "path": "/spec/missing"}, "Unable to remove nonexistent key: missing"),
        ({"op": "remove", "path": "/spec/items/2"}, "Unable to access invalid index: 2"),
        ({"op": "add", "path": "/spec/items/4", "value": 1}, "Unable to access invalid index: 4"),
        ({"op": "add", "path": "/spec/items/one", "value": 1}, "not a proper array index: 'one'"),
        ({"op": "add", "path": "/spec/items/0/x", "value": 1}, 'doc is missing path: "/spec/items/0/x"'),
        ({"op": "add", "path": "/not/there", "value": 1}, 'doc is missing path: "/not/there"'),
        ({"op": "add", "path": "", "value": {}}, 'doc is missing path: ""'),
        ({"op": "copy", "from": "/not/there", "path": "/spec/a"}, "doc is missing path"),
        ({"op": "move", "from": "/spec/not", "path": "/spec/a"}, "nonexistent key"),
        ({"op": "replace", "path": "", "value": []}, "not an object"),
        ({"op": "add", "value": 1}, "failed to decode path"),
        ({"op": "add", "path": 5, "value": 1}, "failed to decode path"),
        ({"op": "copy", "path": "/spec/a"}, "failed to decode from"),
        ({"op": "merge", "path": "/spec/a"}, "Unexpected kind: merge"),
        ({"op": ["add"], "path": "/spec/a"}, "Unexpected kind: unknown"),
        ({}, "Unexpected kind: unknown"),
    ],
)
def test_what_does_not_apply_is_unprocessable(operation, words):
    with pytest.raises(StatusError) as refused:
        apply_json_patch(OBJECT, [operation])
    assert (refused.value.code, refused.value.reason) == (422, "Invalid")
    assert "the server rejected our request due to an error in our request" in refused.value.message
    assert words in refused.value.message


@pytest.mark.parametrize("patch", [{}, {"op": "add"}, "add", None, 3, [1], [None]])
def test_what_is_no_list_of_operations_is_a_bad_request(patch):
    with pytest.raises(StatusError) as refused:
        apply_json_patch(OBJECT, patch)
    assert refused.value.code == 400


def test_there_is_a_limit_to_the_operations():
    operation = {"op": "test", "path": "/nowhere", "value": None}
    apply_json_patch(OBJECT, [operation] * 10_000)
    with pytest.raises(StatusError, match="maximum operations in a JSON patch is 10000, got 10001"):
        apply_json_patch(OBJECT, [operation] * 10_001)


@pytest.mark.parametrize(("found", "value"), [(True, 1), (0, False), ("1", 1), ([1], [True])])
def test_values_of_different_types_are_not_the_same(found, value):
    with pytest.raises(StatusError, match="test failed"):
        apply_json_patch({"a": found}, [{"op": "test", "path": "/a", "value": value}])


def test_copies_of_copies_are_bounded():
    doubled = {"op": "copy", "from": "/l", "path": "/l/-"}
    assert len(apply_json_patch({"l": ["x"]}, [doubled] * 10)["l"]) == 11
    with pytest.raises(
        StatusError, match=r"accumulated size increase of copy is .* limit 3145728"
    ) as refused:
        apply_json_patch({"l": ["x"]}, [doubled] * 60)
    assert refused.value.code == 422


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "add", "path": "/a" * depth, "value": {}} for depth in range(1, 202)],
        [{"op": "add", "path": "/a" * depth, "value": {}} for depth in range(1, 400)],
    ],
    ids=["a little", "far"],
)
def test_a_patch_makes_nothing_deeper_than_a_body_may_be(operations):
    with pytest.raises(StatusError, match="nested deeper than 200 levels") as refused:
        apply_json_patch({}, operations)
    assert refused.value.code == 422
