"""Load balancer addresses of all clusters of a world."""

from typing import Any

import pytest

from convoy.cluster.network.balancers import LoadBalancers, SharedAddresses, is_balancer_address
from convoy.cluster.network.index import ServiceIndex
from convoy.cluster.store import Key


class Cluster:
    """One cluster's Services, without anybody who writes their status."""

    def __init__(self, name: str, number: int, shared: SharedAddresses) -> None:
        self.index = ServiceIndex()
        registry: Any = None
        self.balancers = LoadBalancers(name, number, registry=registry, index=self.index, shared=shared)

    def set(self, name: str, *, address: str = "", **spec: Any) -> None:
        """A Service of type LoadBalancer; `address` is what its status says."""
        ingress = [{"ip": address}] if address else []
        body = {
            "metadata": {"name": name},
            "spec": {"type": "LoadBalancer", **spec},
            "status": {"loadBalancer": {"ingress": ingress}},
        }
        self.index.set_service(Key("default", name), body)

    def plan(self) -> dict[str, str]:
        """The addresses that are to be written, by Service."""
        return {key.name: address for key, address in self.balancers.plan()}


@pytest.fixture
def shared() -> SharedAddresses:
    return SharedAddresses()


@pytest.fixture
def east(shared: SharedAddresses) -> Cluster:
    return Cluster("east", 0, shared)


@pytest.fixture
def west(shared: SharedAddresses) -> Cluster:
    return Cluster("west", 1, shared)


def test_each_cluster_begins_in_a_part_of_its_own(east: Cluster, west: Cluster) -> None:
    east.set("a")
    west.set("a")
    assert (east.plan(), west.plan()) == ({"a": "198.19.0.10"}, {"a": "198.19.0.38"})


def test_an_address_that_a_status_tells_is_kept(east: Cluster) -> None:
    east.set("a", address="198.19.0.10")
    east.set("b")
    assert east.plan() == {"b": "198.19.0.11"}


def test_what_stored_services_have_comes_before_what_others_want(east: Cluster) -> None:
    east.set("a", loadBalancerIP="198.19.0.50")
    east.set("z", address="198.19.0.50")
    assert east.plan() == {}


def test_an_address_that_another_cluster_has_meanwhile_is_replaced(east: Cluster, west: Cluster) -> None:
    west.set("a", loadBalancerIP="198.19.0.10")
    assert west.plan() == {"a": "198.19.0.10"}
    east.set("a", address="198.19.0.10")
    assert east.plan() == {"a": "198.19.0.11"}


def test_a_wanted_address_is_given_when_it_is_free(east: Cluster) -> None:
    east.set("a", loadBalancerIP="198.19.0.200")
    assert east.plan() == {"a": "198.19.0.200"}


@pytest.mark.parametrize("wanted", ["198.19.0.1", "198.19.0.254", "10.0.0.1", "x"])
def test_an_address_that_cannot_be_given_leaves_the_service_waiting(east: Cluster, wanted: str) -> None:
    east.set("a", loadBalancerIP=wanted)
    assert east.plan() == {}
    assert not is_balancer_address(wanted)


def test_an_address_is_free_again_when_its_service_is_gone(east: Cluster) -> None:
    east.set("a")
    east.plan()
    east.index.set_service(Key("default", "a"), None)
    east.set("b", loadBalancerIP="198.19.0.10")
    assert east.plan() == {"b": "198.19.0.10"}


@pytest.mark.parametrize(
    "spec", [{"loadBalancerClass": "other.example/lb"}, {"type": "NodePort"}, {"type": "ClusterIP"}]
)
def test_services_of_others_get_no_address(east: Cluster, spec: dict[str, str]) -> None:
    east.set("a", **spec)
    assert east.plan() == {}


def test_a_full_part_goes_on_elsewhere_until_all_are_given(east: Cluster, west: Cluster) -> None:
    for number in range(225):
        east.set(f"s{number:03}")
    west.set("late")
    given = east.plan()
    assert len(given) == len(set(given.values())) == 224
    assert west.plan() == {}


def test_a_stopped_cluster_gives_its_addresses_back(
    east: Cluster, west: Cluster, shared: SharedAddresses
) -> None:
    for cluster in (east, west):
        cluster.set("a")
        cluster.plan()
    east.balancers.close()
    assert shared.addresses() == ["198.19.0.38"]
