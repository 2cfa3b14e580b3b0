"""Values that would keep a control plane busy are refused before anybody reads them."""

import json

import pytest

from convoy.api import codes
from convoy.api.reading import read_object
from convoy.api.validation.json_values import find_excess, measure_value


def nested(depth):
    value = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def problems(patches):
    written = {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "tested", "namespace": "default"},
        "spec": {"configPatches": patches},
    }
    return [one for one in read_object(written).problems if one.is_error]


def patch(value):
    return {"applyTo": "CLUSTER", "patch": {"operation": "MERGE", "value": value}}


@pytest.mark.parametrize(
    ("value", "measured"),
    [
        (None, (1, 1)),
        ({}, (1, 1)),
        ({"a": 1, "b": [2, 3]}, (5, 3)),
        ({"@type": "x"}, (22, 2)),
        (nested(5000), (5000, 5000)),
    ],
)
def test_a_value_is_as_heavy_as_it_has_parts_and_types(value, measured):
    assert measure_value(value) == measured


def test_only_what_is_beyond_the_limits_is_too_much():
    assert find_excess(nested(100)) == ""
    assert find_excess(nested(101)) == "is nested 101 deep, and 100 is the most"
    assert find_excess([0] * 19_999) == ""
    assert find_excess([0] * 20_000) == "has 20001 parts, and 20000 is the most"


@pytest.mark.parametrize(
    "patches",
    [
        [patch({})] * 501,
        [patch({"name": "a"}), patch({"metadata": nested(150)})],
        [patch({"list": [0] * 11_000})] * 2,
        [patch({f"a{number}": {"@type": f"x/envoy.a{number}.B"} for number in range(1000)})],
    ],
)
def test_a_filter_that_is_too_much_is_refused(patches):
    [problem] = problems(patches)
    assert (problem.code, problem.field) == (codes.BAD_NUMBER, "spec.configPatches")


def test_a_large_but_decent_filter_is_fine():
    value = {"metadata": {"filterMetadata": {"x": {f"key{number}": "v" * 1000 for number in range(20)}}}}
    patches = [patch({**value, "name": f"n{number}"}) for number in range(500)]
    assert len(json.dumps(patches)) > 1_000_000
    assert problems(patches) == []
