"""A set over another is what one set of both would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.ads import cluster

from convoy.xds.cache.layers import join_layers
from convoy.xds.cache.resources import EMPTY, ResourceSet

NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
RESOURCES = st.dictionaries(NAMES, st.sampled_from(["", "new"])).map(
    lambda contents: [cluster(name, content) for name, content in contents.items()]
)


@given(shared=RESOURCES, own=RESOURCES)
def test_set_over_another_has_the_content_of_both(shared, own):
    both, flat = ResourceSet.over(ResourceSet(shared), own), ResourceSet((*shared, *own))
    assert dict(both) == dict(both.items()) == dict(flat)
    assert (len(both), sorted(both)) == (len(flat), sorted(flat))
    assert {resource.name for resource in both.values()} == set(flat)
    assert [both.get(name) for name in "abcde"] == [flat.get(name) for name in "abcde"]
    assert [name in both for name in "abcde"] == [name in flat for name in "abcde"]


@given(shared=RESOURCES, own=RESOURCES, other_shared=RESOURCES, other_own=RESOURCES)
def test_versions_differ_when_the_content_does_and_are_made_of_content_alone(
    shared, own, other_shared, other_own
):
    one, other = (
        ResourceSet.over(ResourceSet(shared), own),
        ResourceSet.over(ResourceSet(other_shared), other_own),
    )
    if dict(one) != dict(other):
        assert one.version != other.version
    assert one == ResourceSet.over(ResourceSet(reversed(shared)), reversed(own))


def test_shared_set_is_held_and_not_copied():
    shared = ResourceSet([cluster("a")])
    both = ResourceSet.over(shared, [cluster("b")])
    assert both.layers is not None
    assert both.layers[0] is shared


def test_nothing_over_a_set_is_that_set():
    shared = ResourceSet([cluster("a")])
    assert ResourceSet.over(shared, []) is shared


def test_own_resource_counts_where_the_shared_set_has_the_name_as_well():
    both = ResourceSet.over(ResourceSet([cluster("a"), cluster("b")]), [cluster("a", "own")])
    assert both["a"] == cluster("a", "own")
    assert len(both) == 2


@pytest.mark.parametrize("empty", [{}, EMPTY])
def test_layer_without_anything_is_left_out(empty):
    full = {"a": cluster("a")}
    assert join_layers(full, empty) is full
    assert join_layers(empty, full) is full
