"""Services and EndpointSlices as forwarding rules."""

from typing import Any

import pytest

from convoy.cluster.network.endpoints import load_balancer_ips, plan_service, ready_addresses
from convoy.cluster.network.forwarding import ForwardingRule
from convoy.cluster.network.nodes import plan_nodes

Json = dict[str, Any]

NODES = plan_nodes("east", 2, pod_cidr="198.18.0.0/20", region="r")
ONE, TWO = NODES
CLUSTER_IP = "198.18.16.9"
READY: Json = {"ready": True, "serving": True, "terminating": False}
ENDING: Json = {"ready": False, "serving": True, "terminating": True}
UNREADY: Json = {"ready": False, "serving": False, "terminating": False}
A, B = ("198.18.0.5", 8080), ("198.18.1.6", 8080)


def service(*ports: Json, status: Json | None = None, **spec: Any) -> Json:
    """A Service of type ClusterIP with one port called http, unless told otherwise."""
    usual = {
        "type": "ClusterIP",
        "clusterIP": CLUSTER_IP,
        "ports": list(ports) or [{"name": "http", "port": 80}],
    }
    return {"metadata": {"name": "web"}, "spec": {**usual, **spec}, "status": status or {}}


def endpoint(address: str = A[0], conditions: Json | None = READY, *, node: Any = ONE, **fields: Any) -> Json:
    """An endpoint on the first node."""
    return {"addresses": [address], "conditions": conditions, "nodeName": node.name, **fields}


def piece(*endpoints: Json, ports: list[Json] | None = None, **fields: Any) -> Json:
    """A slice with the port http."""
    usual = [{"name": "http", "port": 8080, "protocol": "TCP"}]
    return {"addressType": "IPv4", "ports": ports or usual, "endpoints": list(endpoints), **fields}


def both() -> Json:
    """A slice with a ready endpoint on each node."""
    return piece(endpoint(A[0]), endpoint(B[0], node=TWO))


def only(rules: tuple[ForwardingRule, ...]) -> ForwardingRule:
    (rule,) = rules
    return rule


def test_a_service_leads_to_its_endpoints() -> None:
    rule = only(plan_service(service(), [both()], NODES))
    assert rule == ForwardingRule((CLUSTER_IP,), "tcp", 80, (A, B))


def test_endpoints_of_several_slices_come_together_once() -> None:
    slices = [piece(endpoint(B[0])), piece(endpoint(A[0]), endpoint(B[0]))]
    assert only(plan_service(service(), slices, NODES)).targets == (A, B)


@pytest.mark.parametrize("conditions", [UNREADY, ENDING])
def test_endpoints_that_are_not_ready_get_nothing_while_others_are(conditions: Json) -> None:
    slices = [piece(endpoint(A[0]), endpoint(B[0], conditions))]
    assert only(plan_service(service(), slices, NODES)).targets == (A,)


def test_endpoints_that_terminate_but_serve_are_the_last_resort() -> None:
    slices = [piece(endpoint(A[0], ENDING), endpoint(B[0], UNREADY))]
    assert only(plan_service(service(), slices, NODES)).targets == (A,)


@pytest.mark.parametrize("conditions", [None, {}, {"ready": None}])
def test_readiness_nobody_knows_counts_as_ready(conditions: Json | None) -> None:
    assert only(plan_service(service(), [piece(endpoint(A[0], conditions))], NODES)).targets == (A,)


def test_without_usable_endpoints_connections_are_refused() -> None:
    rule = only(plan_service(service(), [piece(endpoint(A[0], UNREADY))], NODES))
    assert (rule.targets, rule.drops) == ((), False)


def test_ports_are_matched_by_name_and_protocol() -> None:
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    offered = [
        {"name": "dns", "port": 5353, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 5354, "protocol": "TCP"},
    ]
    rules = plan_service(service(*ports), [piece(endpoint(), ports=offered)], NODES)
    assert [(rule.protocol, rule.port, rule.targets[0][1]) for rule in rules] == [
        ("udp", 53, 5353),
        ("tcp", 53, 5354),
    ]


def test_a_named_target_port_may_differ_from_pod_to_pod() -> None:
    old, new = ([{"name": "http", "port": number, "protocol": "TCP"}] for number in (8080, 9090))
    slices = [piece(endpoint(A[0]), ports=old), piece(endpoint(B[0]), ports=new)]
    assert only(plan_service(service(), slices, NODES)).targets == (A, (B[0], 9090))


@pytest.mark.parametrize("spec", [{"clusterIP": "None"}, {"type": "ExternalName", "clusterIP": ""}])
def test_a_service_without_address_has_no_rules(spec: Json) -> None:
    assert plan_service(service(**spec), [both()], NODES) == ()


def test_a_node_port_is_on_every_node_and_hides_the_client() -> None:
    made = service({"name": "http", "port": 80, "nodePort": 30080}, type="NodePort")
    _inside, rule = plan_service(made, [both()], NODES)
    assert rule == ForwardingRule((ONE.address, TWO.address), "tcp", 30080, (A, B), masquerades=True)


def test_a_node_port_with_policy_local_leads_to_that_nodes_endpoints() -> None:
    made = service(
        {"name": "http", "port": 80, "nodePort": 30080}, type="NodePort", externalTrafficPolicy="Local"
    )
    _inside, one, two = plan_service(made, [piece(endpoint(A[0]))], NODES)
    assert (one.addresses, one.targets, one.masquerades) == ((ONE.address,), (A,), False)
    assert (two.addresses, two.targets, two.drops) == ((TWO.address,), (), True)


def test_a_load_balancer_leads_to_every_endpoint() -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "198.19.0.9"}]}}
    made = service(
        type="LoadBalancer", status=status, loadBalancerSourceRanges=["10.0.0.0/8", "10.1.0.0/16", "::/0"]
    )
    _inside, rule = plan_service(made, [both()], NODES)
    assert (rule.addresses, rule.port, rule.targets) == (("198.19.0.9",), 80, (A, B))
    assert (rule.masquerades, rule.allowed) == (True, ("10.0.0.0/8",))


def test_a_load_balancer_with_policy_local_shows_the_client() -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "198.19.0.9"}]}}
    made = service(type="LoadBalancer", status=status, externalTrafficPolicy="Local")
    _inside, rule = plan_service(made, [both()], NODES)
    assert (rule.targets, rule.masquerades) == ((A, B), False)


def test_source_ranges_that_name_nobody_here_let_nobody_in() -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "198.19.0.9"}]}}
    made = service(type="LoadBalancer", status=status, loadBalancerSourceRanges=["fd00::/8"])
    assert plan_service(made, [both()], NODES)[1].allowed == ("0.0.0.0/32",)


def test_external_ips_lead_to_the_endpoints() -> None:
    _inside, rule = plan_service(service(externalIPs=["1.2.3.4", "::5", "6.7.8"]), [both()], NODES)
    assert (rule.addresses, rule.port, rule.targets) == (("1.2.3.4",), 80, (A, B))


def test_with_internal_policy_local_clients_get_their_nodes_endpoints() -> None:
    rule = only(plan_service(service(internalTrafficPolicy="Local"), [piece(endpoint(A[0]))], NODES))
    assert rule.nearby == ((ONE.pod_cidr, (A,)), (TWO.pod_cidr, ()))


def test_hints_keep_clients_in_their_zone() -> None:
    hinted = [
        endpoint(A[0], hints={"forZones": [{"name": ONE.zone}]}),
        endpoint(B[0], node=TWO, hints={"forZones": [{"name": TWO.zone}]}),
    ]
    rule = only(plan_service(service(), [piece(*hinted)], NODES))
    assert rule.nearby == ((ONE.pod_cidr, (A,)), (TWO.pod_cidr, (B,)))


def test_hints_count_only_if_every_endpoint_has_some() -> None:
    hinted = [endpoint(A[0], hints={"forZones": [{"name": ONE.zone}]}), endpoint(B[0], node=TWO)]
    assert only(plan_service(service(), [piece(*hinted)], NODES)).nearby == ()


@pytest.mark.parametrize(
    ("config", "seconds"), [({}, 10800), ({"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}}, 5)]
)
def test_session_affinity_lasts_as_long_as_configured(config: Json, seconds: int) -> None:
    made = service(sessionAffinity="ClientIP", **config)
    assert only(plan_service(made, [both()], NODES)).affinity == seconds


@pytest.mark.parametrize(
    "broken", [piece(endpoint("fe80::1"), addressType="IPv6"), piece(endpoint("example.com"))]
)
def test_an_address_that_rules_cannot_name_costs_only_itself(broken: Json) -> None:
    assert only(plan_service(service(), [broken, piece(endpoint(A[0]))], NODES)).targets == (A,)


def test_addresses_offered_to_new_connections_are_those_of_ready_endpoints() -> None:
    slices = [piece(endpoint(A[0]), endpoint(B[0], ENDING))]
    assert list(ready_addresses(slices)) == [A[0]]


def test_a_balancer_that_works_as_a_proxy_takes_its_own_traffic() -> None:
    ingress = [{"ip": "198.19.0.9", "ipMode": "Proxy"}, {"hostname": "lb.test"}, {"ip": "198.19.0.8"}]
    made = service(type="LoadBalancer", status={"loadBalancer": {"ingress": ingress}})
    assert load_balancer_ips(made) == ("198.19.0.8",)
