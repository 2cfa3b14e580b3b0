"""Values of patches that are no such Envoy message are told, whatever is wrong with them."""

import json
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoy.api import codes
from convoy.api.istio.envoy_filter import ApplyTo, EnvoyFilter
from convoy.xds.build.envoy_filters.checks import KINDS, find_bad_values
from convoy.xds.build.envoy_filters.values import load_type

_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "typed_config", "@type", "routes", "address", "value", "match", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def problems(apply_to, value):
    written = {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "tested", "namespace": "default"},
        "spec": {"configPatches": [{"applyTo": apply_to, "patch": {"operation": "MERGE", "value": value}}]},
    }
    return list(find_bad_values([msgspec.convert(written, EnvoyFilter)]))


@pytest.mark.parametrize(
    ("apply_to", "value"),
    [
        ("HTTP_FILTER", {"nme": "a"}),
        ("HTTP_FILTER", {"name": 1}),
        ("HTTP_FILTER", {"name": "a", "typed_config": {"@type": "type.googleapis.com/not.There"}}),
        ("HTTP_FILTER", {"name": "a", "typed_config": {"@type": _ROUTER, "unknown": True}}),
        ("CLUSTER", {"connect_timeout": "soon"}),
        ("CLUSTER", {"lb_policy": "BEST"}),
        ("HTTP_ROUTE", {"match": "all"}),
        ("LISTENER", {"filter_chains": {"name": "a"}}),
        ("CLUSTER", {"metadata": {"filter_metadata": {"x": {"list": [0] * 20_000}}}}),
        ("CLUSTER", {"metadata": json.loads('{"filter_metadata":' * 800 + "{}" + "}" * 800)}),
    ],
)
def test_a_value_that_is_no_such_message_is_told(apply_to, value):
    [problem] = problems(apply_to, value)
    assert problem.code is codes.BAD_PATCH
    assert problem.field == "spec.configPatches[0].patch.value"
    assert str(problem.key) == "EnvoyFilter default/tested"


def test_both_spellings_of_fields_and_any_known_type_are_fine():
    assert problems("HTTP_FILTER", {"name": "a", "typedConfig": {"@type": _ROUTER}}) == []
    assert problems("CLUSTER", {"connect_timeout": "1.5s", "lbPolicy": "RANDOM"}) == []


def test_a_type_is_found_without_anybody_having_imported_it():
    found = load_type("envoy.extensions.filters.http.buffer.v3.Buffer")
    assert found is not None
    assert found.DESCRIPTOR.full_name == "envoy.extensions.filters.http.buffer.v3.Buffer"


@pytest.mark.parametrize(
    "name",
    [
        "this.Module",
        "antigravity.Fun",
        "envoyfilters.X",
        "",
        "..",
        "envoy..A",
        "os.path.Join",
        "envoy" + ".a" * 500 + ".B",
    ],
)
def test_nothing_but_envoys_own_packages_is_imported(name):
    before = set(sys.modules)
    assert load_type(name) is None
    assert problems("HTTP_FILTER", {"name": "a", "typed_config": {"@type": f"type.googleapis.com/{name}"}})
    assert {module.partition(".")[0] for module in set(sys.modules) - before} <= {"envoy", "google"}


@given(st.sampled_from(list(KINDS)), st.dictionaries(st.text(max_size=8), _JSON, max_size=3))
def test_no_value_trips_the_check(apply_to, value):
    assert len(problems(ApplyTo(apply_to), value)) <= 1
