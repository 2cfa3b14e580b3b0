"""Addresses of a node's pods."""

import pytest

from convoy.cluster.errors import WorldError
from convoy.cluster.network.addresses import AddressPool
from convoy.cluster.network.nodes import node_of, plan_nodes


@pytest.fixture
def pool() -> AddressPool:
    return AddressPool("198.18.1.0/28")


def test_addresses_are_given_in_turn(pool: AddressPool) -> None:
    assert [pool.take() for _ in range(3)] == ["198.18.1.2", "198.18.1.3", "198.18.1.4"]


def test_a_freed_address_is_given_again_last(pool: AddressPool) -> None:
    pool.free(pool.take())
    assert [pool.take() for _ in range(13)][-1] == "198.18.1.2"


def test_an_address_that_is_free_can_be_wanted(pool: AddressPool) -> None:
    assert pool.take("198.18.1.9") == "198.18.1.9"


@pytest.mark.parametrize(
    "wanted", ["198.18.1.1", "198.18.1.0", "198.18.1.15", "198.18.2.3", "::1", "x", "198.18.1.5"]
)
def test_what_cannot_be_given_is_replaced(pool: AddressPool, wanted: str) -> None:
    pool.take("198.18.1.5")
    assert pool.take(wanted) == "198.18.1.2"


def test_what_a_stored_pod_had_waits_for_it(pool: AddressPool) -> None:
    pool.keep("198.18.1.2")
    assert pool.take() == "198.18.1.3"
    assert pool.take("198.18.1.2") == "198.18.1.2"


def test_a_full_range_says_so(pool: AddressPool) -> None:
    assert len({pool.take() for _ in range(13)}) == 13
    with pytest.raises(WorldError, match="no address is left"):
        pool.take()


def test_nodes_share_the_range_of_their_cluster() -> None:
    nodes = plan_nodes("east", 4, pod_cidr="198.18.32.0/20", region="region-2")
    assert [node.name for node in nodes] == [f"east-node-{number}" for number in (1, 2, 3, 4)]
    assert [node.pod_cidr for node in nodes][:2] == ["198.18.32.0/24", "198.18.33.0/24"]
    assert [node.gateway for node in nodes][1] == "198.18.33.1/24"
    assert [node.zone for node in nodes] == ["region-2-a", "region-2-b", "region-2-c", "region-2-a"]


def test_more_nodes_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(ValueError, match="room for 1 nodes, not for 2"):
        plan_nodes("east", 2, pod_cidr="198.18.1.0/24", region="")


def test_an_address_belongs_to_the_node_of_its_range() -> None:
    nodes = plan_nodes("east", 2, pod_cidr="198.18.32.0/20", region="")
    assert node_of("198.18.33.7", nodes) == nodes[1]
    assert node_of("198.18.40.7", nodes) is None
