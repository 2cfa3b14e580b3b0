"""Facts about what is built once."""

from itertools import count

import pytest
from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3

from convoy.xds.cache.memo import ImpureBuilderError, Memo
from convoy.xds.cache.resources import CLUSTER, ResourceSet


def named(name: str) -> cluster_v3.Cluster:
    return cluster_v3.Cluster(name=name)


def compose(memo: Memo, names: tuple[str, ...]) -> ResourceSet:
    return ResourceSet(memo.resource(CLUSTER, named, name) for name in names)


def test_equal_parts_give_the_same_object() -> None:
    memo = Memo()
    assert memo.resource(CLUSTER, named, "a") is memo.resource(CLUSTER, named, "a")
    assert memo.compose(compose, ("a", "b")) is memo.compose(compose, ("a", "b"))


def test_a_changed_set_builds_only_what_it_lacks() -> None:
    memo = Memo()
    memo.compose(compose, ("a", "b"))
    before = memo.statistics().built
    memo.compose(compose, ("a", "b", "c"))
    assert memo.statistics().built - before == 2  # the set and `c`


def test_a_builder_that_reads_more_than_its_parts_is_found() -> None:
    numbers = count()

    def impure(name: str) -> cluster_v3.Cluster:
        return cluster_v3.Cluster(name=name, alt_stat_name=str(next(numbers)))

    memo = Memo(checks=True)
    first = memo.resource(CLUSTER, impure, "a")
    with pytest.raises(ImpureBuilderError, match="impure"):
        memo.resource(CLUSTER, impure, "a")
    assert first.name == "a"


def test_what_is_no_longer_used_is_forgotten() -> None:
    memo = Memo(keep_generations=2)
    memo.compose(compose, ("a", "b"))
    for _ in range(4):
        memo.start_generation()
        memo.compose(compose, ("a",))
    assert memo.statistics().held == 2  # the set of `a`, and `a`
    assert memo.statistics().forgotten == 2


def test_resources_of_a_set_in_use_are_kept_though_only_the_set_is_looked_up() -> None:
    memo = Memo(keep_generations=2)
    for _ in range(6):
        memo.start_generation()
        memo.compose(compose, ("a", "b"))
    before = memo.statistics().built
    memo.resource(CLUSTER, named, "b")
    assert memo.statistics().built == before
