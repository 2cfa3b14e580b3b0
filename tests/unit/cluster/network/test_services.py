"""Services and static pods as forwarding rules."""

from typing import Any

import pytest
from tests.cluster.manifests import container, load_balancer, pod, service

from convoy.api.kube.core import Pod, Service
from convoy.cluster.network.forwarding import ForwardingRule
from convoy.cluster.network.services import PodEndpoint, plan_rules
from convoy.cluster.objects import parse_manifest


def _service(manifest: dict[str, object]) -> Service:
    parsed = parse_manifest(manifest)
    assert isinstance(parsed, Service)
    return parsed


def _endpoint(name: str, address: str, *, ready: bool = True, **fields: Any) -> PodEndpoint:
    parsed = parse_manifest(pod(name, container(**fields), address=address))
    assert isinstance(parsed, Pod)
    return PodEndpoint(parsed, ready)


ONE, TWO = _endpoint("web-1", "198.18.1.2"), _endpoint("web-2", "198.18.1.3")


def test_a_service_leads_to_its_ready_pods_only() -> None:
    unready = _endpoint("web-3", "198.18.1.4", ready=False)
    other = _endpoint("other", "198.18.1.5")
    rules = plan_rules([_service(service("web", clusterIP="198.18.101.1"))], [TWO, unready, other, ONE])
    targets = (("198.18.1.2", 8080), ("198.18.1.3", 8080))
    assert rules == (ForwardingRule(("198.18.101.1",), "tcp", 80, targets),)


def test_pods_that_are_not_ready_count_where_the_service_says_so() -> None:
    unready = _endpoint("web-3", "198.18.1.4", ready=False)
    early = _service(service("web", clusterIP="198.18.101.1", publishNotReadyAddresses=True))
    assert plan_rules([early], [unready])[0].targets == (("198.18.1.4", 8080),)


def test_a_load_balancer_has_both_addresses() -> None:
    made = _service(load_balancer("web", "198.19.0.9", clusterIP="198.18.101.1"))
    assert plan_rules([made], [ONE])[0].addresses == ("198.18.101.1", "198.19.0.9")


@pytest.mark.parametrize("cluster_ip", ["None", "198.18.101.1"])
def test_a_service_without_address_or_pods_has_no_rule(cluster_ip: str) -> None:
    endpoints = [ONE] if cluster_ip == "None" else []
    assert plan_rules([_service(service("web", clusterIP=cluster_ip))], endpoints) == ()


def test_a_named_target_port_is_looked_up_in_each_pod() -> None:
    old = _endpoint("web-1", "198.18.1.2", ports=[{"name": "http", "containerPort": 8080}])
    new = _endpoint("web-2", "198.18.1.3", ports=[{"name": "http", "containerPort": 9090}])
    none = _endpoint("web-3", "198.18.1.4")
    made = _service(service("web", target="http", clusterIP="198.18.101.1"))
    assert plan_rules([made], [old, new, none])[0].targets == (("198.18.1.2", 8080), ("198.18.1.3", 9090))


def test_without_a_target_port_the_port_itself_is_meant() -> None:
    made = _service(service("web", clusterIP="198.18.101.1", ports=[{"port": 8000}]))
    assert plan_rules([made], [ONE])[0].targets == (("198.18.1.2", 8000),)


def test_the_order_of_services_and_pods_does_not_matter() -> None:
    first = _service(service("web", clusterIP="198.18.101.1"))
    second = _service(service("other", clusterIP="198.18.101.2", selector={"app": "web"}))
    assert plan_rules([first, second], [ONE, TWO]) == plan_rules([second, first], [TWO, ONE])
