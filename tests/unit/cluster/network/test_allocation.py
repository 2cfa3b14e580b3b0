"""ClusterIPs and node ports, as the registry asks for them when a Service is written."""

from typing import Any

import pytest
from tests.kit.clocks import FakeClock

from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.network.allocation import NODE_PORTS, ServiceAllocator
from convoy.cluster.store import Key, Store

Service = dict[str, Any]


class Registry:
    """The part of the registry that matters here: allocate, keep, settle."""

    def __init__(self, cidr: str = "198.18.16.0/20") -> None:
        self.store = Store(None)
        self.store.open()
        self.clock = FakeClock()
        self.allocator = ServiceAllocator(self.store, cidr, self.clock)

    def write(self, name: str, *, status: Any = None, **spec: Any) -> Service:
        """Create a Service, or replace the one of that name; gives it as it is kept."""
        key = Key("default", name)
        before = self.store.get("services", key)
        spec.setdefault("ports", [{"port": 80, "protocol": "TCP"}])
        wanted = {"metadata": {"namespace": "default", "name": name}, "spec": spec}
        if status:
            wanted["status"] = status
        try:
            made = self.allocator.allocate(wanted, old=before.object if before else None)
            return self.store.put("services", key, made, expected=before.revision if before else None).object
        finally:
            self.allocator.settle(*key)

    def remove(self, name: str) -> None:
        """Delete a Service; nobody tells the allocator."""
        key = Key("default", name)
        stored = self.store.get("services", key)
        assert stored is not None
        self.store.remove("services", key, expected=stored.revision)


@pytest.fixture
def registry() -> Registry:
    return Registry()


def refusal(registry: Registry, name: str, **spec: Any) -> str:
    with pytest.raises(StatusError) as refused:
        registry.write(name, **spec)
    assert refused.value.code == 422
    return refused.value.message


def node_ports(service: Service) -> list[int | None]:
    return [port.get("nodePort") for port in service["spec"]["ports"]]


def test_a_service_gets_an_address_of_its_own(registry: Registry) -> None:
    specs = [registry.write(name)["spec"] for name in ("a", "b")]
    assert [spec["clusterIP"] for spec in specs] == ["198.18.17.0", "198.18.17.1"]
    assert [spec["clusterIPs"] for spec in specs] == [["198.18.17.0"], ["198.18.17.1"]]
    assert (specs[0]["ipFamilies"], specs[0]["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")


def test_a_wanted_address_is_given(registry: Registry) -> None:
    spec = registry.write("dns", clusterIP="198.18.16.10")["spec"]
    assert (spec["clusterIP"], spec["clusterIPs"]) == ("198.18.16.10", ["198.18.16.10"])


def test_a_taken_address_is_refused(registry: Registry) -> None:
    registry.write("dns", clusterIP="198.18.16.10")
    assert refusal(registry, "other", clusterIP="198.18.16.10") == (
        'Service "other" is invalid: spec.clusterIPs: Invalid value: []string{"198.18.16.10"}: '
        "failed to allocate IP 198.18.16.10: provided IP is already allocated"
    )


@pytest.mark.parametrize("address", ["1.2.3.4", "198.18.16.0", "198.18.31.255", "fd00::1"])
def test_an_address_out_of_range_is_refused(registry: Registry, address: str) -> None:
    message = refusal(registry, "a", clusterIP=address)
    assert f"the provided IP ({address}) is not in the valid range" in message
    assert "The range of valid IPs is 198.18.16.0/20" in message


def test_an_address_can_be_wanted_again_as_soon_as_its_service_is_gone(registry: Registry) -> None:
    registry.write("a", clusterIP="198.18.16.10")
    registry.remove("a")
    assert registry.write("b", clusterIP="198.18.16.10")["spec"]["clusterIP"] == "198.18.16.10"


def test_a_freed_address_is_not_given_to_the_next_at_once(registry: Registry) -> None:
    first = registry.write("a")["spec"]["clusterIP"]
    registry.remove("a")
    assert registry.write("b")["spec"]["clusterIP"] != first


def test_every_address_of_a_range_is_given_and_then_no_more() -> None:
    registry = Registry("198.18.16.0/27")
    given = {registry.write(f"s{number}")["spec"]["clusterIP"] for number in range(30)}
    assert len(given) == 30
    with pytest.raises(StatusError, match="failed to allocate a clusterIP: range is full"):
        registry.write("late")


def test_two_writes_at_the_same_time_get_different_addresses(registry: Registry) -> None:
    wanted = [{"metadata": {"namespace": "default", "name": name}, "spec": {}} for name in ("a", "b")]
    one, two = (registry.allocator.allocate(service, old=None)["spec"]["clusterIP"] for service in wanted)
    assert one != two


def test_a_write_that_failed_frees_what_it_was_given(registry: Registry) -> None:
    wanted = {"metadata": {"namespace": "default", "name": "a"}, "spec": {"clusterIP": "198.18.16.10"}}
    registry.allocator.allocate(wanted, old=None)
    assert "already allocated" in refusal(registry, "b", clusterIP="198.18.16.10")
    registry.allocator.settle("default", "a")
    registry.write("b", clusterIP="198.18.16.10")


def test_a_write_that_nobody_reported_the_end_of_blocks_for_a_while_only(registry: Registry) -> None:
    wanted = {"metadata": {"namespace": "default", "name": "a"}, "spec": {"clusterIP": "198.18.16.10"}}
    registry.allocator.allocate(wanted, old=None)
    registry.clock.goes_on(31)
    registry.write("b", clusterIP="198.18.16.10")


def test_a_dry_run_reserves_nothing(registry: Registry) -> None:
    wanted = {"metadata": {"namespace": "default", "name": "a"}, "spec": {"clusterIP": "198.18.16.10"}}
    made = registry.allocator.allocate(wanted, old=None, dry_run=True)
    assert made["spec"]["clusterIPs"] == ["198.18.16.10"]
    registry.write("b", clusterIP="198.18.16.10")


def test_what_stored_services_have_is_taken_after_a_restart(registry: Registry) -> None:
    registry.write("a", clusterIP="198.18.17.0", type="NodePort")
    registry.allocator = ServiceAllocator(registry.store, "198.18.16.0/20", registry.clock)
    made = registry.write("b", type="NodePort")
    assert made["spec"]["clusterIP"] == "198.18.17.1"
    assert node_ports(made) == [30001]


def test_what_is_given_to_the_allocator_stays_as_it_is(registry: Registry) -> None:
    wanted = {"metadata": {"namespace": "default", "name": "a"}, "spec": {"ports": [{"port": 80}]}}
    registry.allocator.allocate(wanted, old=None)
    assert wanted["spec"] == {"ports": [{"port": 80}]}


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
def test_these_types_get_a_node_port_for_each_port(registry: Registry, kind: str) -> None:
    made = registry.write("a", type=kind, ports=[{"port": 80, "name": "x"}, {"port": 81, "name": "y"}])
    assert node_ports(made) == [30000, 30001]


def test_a_load_balancer_can_do_without_node_ports(registry: Registry) -> None:
    assert node_ports(registry.write("a", type="LoadBalancer", allocateLoadBalancerNodePorts=False)) == [None]


def test_one_port_over_tcp_and_udp_is_one_node_port(registry: Registry) -> None:
    ports = [{"port": 53, "protocol": "UDP", "name": "u"}, {"port": 53, "protocol": "TCP", "name": "t"}]
    assert node_ports(registry.write("a", type="NodePort", ports=ports)) == [30000, 30000]


def test_a_wanted_node_port_is_given_and_then_refused_to_others(registry: Registry) -> None:
    ports = [{"port": 80, "nodePort": 30080}]
    assert node_ports(registry.write("a", type="NodePort", ports=ports)) == [30080]
    assert refusal(registry, "b", type="NodePort", ports=ports) == (
        'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: '
        "provided port is already allocated"
    )


def test_a_node_port_out_of_range_is_refused(registry: Registry) -> None:
    message = refusal(registry, "a", type="NodePort", ports=[{"port": 80, "nodePort": 80}])
    assert "provided port is not in the valid range. The range of valid ports is 30000-32767" in message


def test_node_ports_run_out_with_a_word() -> None:
    registry = Registry()
    registry.write("a", type="NodePort", ports=[{"port": n, "name": f"p{n}"} for n in range(len(NODE_PORTS))])
    with pytest.raises(StatusError, match="failed to allocate a nodePort: range is full"):
        registry.write("b", type="NodePort")


def test_an_update_without_addresses_keeps_them(registry: Registry) -> None:
    before = registry.write("a", type="NodePort", ports=[{"port": 80, "name": "http"}])
    after = registry.write(
        "a", type="NodePort", ports=[{"port": 81, "name": "new"}, {"port": 80, "name": "http"}]
    )
    assert after["spec"]["clusterIPs"] == before["spec"]["clusterIPs"]
    assert node_ports(after) == [30001, 30000]


def test_a_service_that_becomes_a_node_port_gets_one(registry: Registry) -> None:
    before = registry.write("a")
    after = registry.write("a", **{**before["spec"], "type": "NodePort"})
    assert after["spec"]["clusterIP"] == before["spec"]["clusterIP"]
    assert node_ports(after) == [30000]


def test_a_service_that_was_a_load_balancer_loses_what_that_needs(registry: Registry) -> None:
    before = registry.write(
        "a",
        type="LoadBalancer",
        externalTrafficPolicy="Cluster",
        allocateLoadBalancerNodePorts=True,
        status={"loadBalancer": {"ingress": [{"ip": "198.19.0.10"}]}},
    )
    after = registry.write("a", status=before["status"], **{**before["spec"], "type": "ClusterIP"})
    assert node_ports(after) == [None]
    assert {"externalTrafficPolicy", "allocateLoadBalancerNodePorts"} & set(after["spec"]) == set()
    assert after["status"] == {"loadBalancer": {}}


def test_an_external_name_gives_its_address_back(registry: Registry) -> None:
    before = registry.write("a")
    changed = {**before["spec"], "type": "ExternalName", "externalName": "example.com"}
    after = registry.write("a", **changed)
    assert {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & set(after["spec"]) == set()
    registry.write("b", clusterIP=before["spec"]["clusterIP"])


def test_an_external_name_that_becomes_a_service_gets_an_address(registry: Registry) -> None:
    registry.write("a", type="ExternalName", externalName="example.com")
    assert registry.write("a", type="ClusterIP")["spec"]["clusterIP"] == "198.18.17.0"


def test_a_headless_service_has_no_address(registry: Registry) -> None:
    spec = registry.write("a", clusterIP="None", selector={"app": "a"})["spec"]
    assert (spec["clusterIP"], spec["clusterIPs"]) == ("None", ["None"])
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")


def test_a_headless_service_without_selector_may_have_any_family(registry: Registry) -> None:
    spec = registry.write("a", clusterIP="None")["spec"]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4", "IPv6"], "RequireDualStack")


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"ipFamilies": ["IPv6"]}, "spec.ipFamilies[0]"),
        ({"ipFamilyPolicy": "RequireDualStack"}, "dual-stack"),
    ],
)
def test_a_family_the_cluster_lacks_is_refused(registry: Registry, spec: Service, field: str) -> None:
    assert field in refusal(registry, "a", **spec)
