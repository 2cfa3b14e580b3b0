"""Pods behind a Service, as slices and as Endpoints."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.cluster.controllers.workloads import obj, owned_by, pod

from convoy.cluster.controllers.endpoints.addresses import addresses_of, pod_facts, resolve_ports
from convoy.cluster.controllers.endpoints.mirroring import is_mirrored, mirror_groups
from convoy.cluster.controllers.endpoints.slices import (
    LARGEST,
    Shape,
    group_addresses,
    plan_slices,
    service_stamp,
)
from convoy.cluster.controllers.endpoints.subsets import build_endpoints

MANAGER = "endpointslice-controller.k8s.io"


def service(*, ports=None, **spec):
    ports = [{"name": "http", "port": 80, "targetPort": 8080}] if ports is None else ports
    return obj("v1", "Service", "web", spec={"selector": {"app": "web"}, "ports": ports, **spec})


def backend(name, ip, *, spec=None, **fields):
    made = pod(name, spec={"nodeName": "node1", **(spec or {})}, **fields)
    made["status"]["podIP"] = ip
    return made


def ending(name, ip):
    return backend(name, ip, deletionTimestamp="2030-01-01T00:00:00Z")


def conditions(owner, *pods):
    groups = group_addresses(addresses_of(owner, pods, {}))
    return {
        entry["addresses"][0]: tuple(entry["conditions"].values())
        for entries in groups.values()
        for entry in entries
    }


def test_a_pod_is_ready_serving_or_ending():
    pods = (backend("a", "10.0.0.1"), backend("b", "10.0.0.2", ready=False), ending("c", "10.0.0.3"))
    assert conditions(service(), *pods) == {
        "10.0.0.1": (True, True, False),
        "10.0.0.2": (False, False, False),
        "10.0.0.3": (False, True, True),
    }


def test_unready_and_ending_pods_are_published_when_asked_for():
    owner = service(publishNotReadyAddresses=True)
    pods = (backend("b", "10.0.0.2", ready=False), ending("c", "10.0.0.3"))
    assert conditions(owner, *pods) == {
        "10.0.0.2": (True, False, False),
        "10.0.0.3": (True, True, True),
    }


def test_pods_without_address_finished_or_of_others_are_no_endpoints():
    other = backend("d", "10.0.0.4", labels={"app": "other"})
    done = backend("e", "10.0.0.5", phase="Succeeded")
    assert conditions(service(), pod("a"), other, done) == {}


def test_a_named_target_port_is_what_each_pod_calls_so():
    owner = service(ports=[{"name": "http", "port": 80, "targetPort": "web"}])
    container = {"name": "c", "ports": [{"name": "web", "containerPort": 9000}]}
    (port,) = resolve_ports(owner, backend("a", "10.0.0.1", spec={"containers": [container]}))
    assert port.port == 9000
    sidecar = {"spec": {"initContainers": [{**container, "restartPolicy": "Always"}]}}
    assert resolve_ports(owner, {**backend("a", "10.0.0.1"), **sidecar})[0].port == 9000
    assert resolve_ports(owner, backend("b", "10.0.0.2")) == ()


def test_a_hostname_counts_only_in_its_own_subdomain():
    named = backend("a", "10.0.0.1", spec={"hostname": "db-0", "subdomain": "web"})
    strange = backend("b", "10.0.0.2", spec={"hostname": "db-1", "subdomain": "other"})
    found = addresses_of(service(), [named, strange], {"node1": "zone1"})
    assert [(each.hostname, each.zone, each.node) for each in found] == [
        ("db-0", "zone1", "node1"),
        ("", "zone1", "node1"),
    ]


def test_endpoints_hold_no_pod_that_ends():
    owner = service()
    pods = [backend("a", "10.0.0.1"), backend("b", "10.0.0.2", ready=False), ending("c", "10.0.0.3")]
    made = build_endpoints(owner, addresses_of(owner, pods, {}), publishes_not_ready=False)
    (subset,) = made["subsets"]
    assert [each["ip"] for each in subset["addresses"]] == ["10.0.0.1"]
    assert [each["ip"] for each in subset["notReadyAddresses"]] == ["10.0.0.2"]
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]


def test_endpoints_are_cut_at_a_thousand_and_ready_ones_stay():
    owner = service()
    pods = [
        backend(f"p{number:04}", f"10.0.{number // 250}.{number % 250}", ready=number >= 200)
        for number in range(1200)
    ]
    made = build_endpoints(owner, addresses_of(owner, pods, {}), publishes_not_ready=False)
    (subset,) = made["subsets"]
    assert (len(subset["addresses"]), "notReadyAddresses" in subset) == (1000, False)
    assert made["metadata"]["annotations"] == {"endpoints.kubernetes.io/over-capacity": "truncated"}


def test_a_headless_service_without_ports_has_bare_addresses():
    owner = service(ports=[], clusterIP="None")
    found = addresses_of(owner, [backend("a", "10.0.0.1")], {})
    (subset,) = build_endpoints(owner, found, publishes_not_ready=False)["subsets"]
    assert [each["ip"] for each in subset["addresses"]] == ["10.0.0.1"]
    assert "service.kubernetes.io/headless" in service_stamp(owner, MANAGER).labels


@pytest.mark.parametrize(
    "change",
    [
        lambda each: each["status"].update(podIP="10.0.0.9"),
        lambda each: each["status"]["conditions"][0].update(status="False"),
        lambda each: each["metadata"].update(deletionTimestamp="2030-01-01T00:00:00Z"),
        lambda each: each["metadata"].update(labels={}),
        lambda each: each["status"].update(phase="Failed"),
    ],
)
def test_what_changes_an_endpoint_changes_the_facts(change):
    before, after = backend("a", "10.0.0.1"), backend("a", "10.0.0.1")
    assert pod_facts(before) == pod_facts(after)
    change(after)
    assert pod_facts(before) != pod_facts(after)


def apply(plan, slices, names):
    """The slices after a plan was carried out, by name."""
    for each in plan.delete:
        del slices[each["metadata"]["name"]]
    for each in plan.update:
        slices[each["metadata"]["name"]] = each
    for each in plan.create:
        name = f"web-{next(names)}"
        slices[name] = {**each, "metadata": {**each["metadata"], "name": name}}
    return slices


def test_an_empty_service_has_one_empty_slice():
    owner = service()
    (made,) = plan_slices({}, [], service_stamp(owner, MANAGER)).create
    assert (made["endpoints"], made["ports"]) == ([], [])


def test_equal_slices_are_left_alone():
    owner = service()
    stamp = service_stamp(owner, MANAGER)
    groups = group_addresses(addresses_of(owner, [backend("a", "10.0.0.1")], {}))
    slices = apply(plan_slices(groups, [], stamp), {}, iter(range(9)))
    again = plan_slices(groups, slices.values(), stamp)
    assert (again.create, again.update, again.delete) == ((), (), ())


def test_one_changed_pod_changes_one_slice():
    owner = service()
    stamp = service_stamp(owner, MANAGER)
    pods = [backend(f"p{number:03}", f"10.0.{number // 250}.{number % 250}") for number in range(250)]
    names = iter(range(99))
    slices = apply(plan_slices(group_addresses(addresses_of(owner, pods, {})), [], stamp), {}, names)
    assert [len(each["endpoints"]) for each in slices.values()] == [100, 100, 50]
    pods[120]["status"]["conditions"][0]["status"] = "False"
    del pods[30]
    plan = plan_slices(group_addresses(addresses_of(owner, pods, {})), slices.values(), stamp)
    assert (len(plan.update), plan.create, plan.delete) == (2, (), ())


@settings(max_examples=50)
@given(st.lists(st.sets(st.integers(0, 260), max_size=260), min_size=1, max_size=5), st.booleans())
def test_slices_hold_exactly_what_there_is(rounds, two_ports):
    owner, names = service(), iter(range(10_000))
    stamp, slices = service_stamp(owner, MANAGER), {}
    for numbers in rounds:
        groups = {}
        for number in sorted(numbers):
            port = Shape("IPv4", ()) if not (two_ports and number % 2) else Shape("IPv6", ())
            entry = {"addresses": [f"a{number}"], "conditions": {}, "targetRef": {"uid": str(number)}}
            groups.setdefault(port, []).append(entry)
        slices = apply(plan_slices(groups, slices.values(), stamp), slices, names)
        held = [entry["targetRef"]["uid"] for each in slices.values() for entry in each["endpoints"]]
        assert sorted(held) == sorted(map(str, numbers))
        assert all(len(each["endpoints"]) <= LARGEST for each in slices.values())
        assert slices
        assert len([each for each in slices.values() if not each["endpoints"]]) <= (0 if numbers else 1)


def test_endpoints_of_a_person_are_mirrored():
    owner = obj("v1", "Service", "db", spec={"ports": [{"port": 5432}]})
    endpoints = obj("v1", "Endpoints", "db")
    endpoints["subsets"] = [
        {
            "addresses": [{"ip": "192.0.2.1"}, {"ip": "2001:db8::1"}],
            "notReadyAddresses": [{"ip": "192.0.2.2", "hostname": "spare"}],
            "ports": [{"port": 5432}],
        }
    ]
    assert is_mirrored(endpoints, owner)
    groups = mirror_groups(endpoints)
    assert {shape.address_type: len(entries) for shape, entries in groups.items()} == {"IPv4": 2, "IPv6": 1}
    endpoints["metadata"]["labels"] = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    assert not is_mirrored(endpoints, owner)


def test_endpoints_of_a_service_with_a_selector_are_not_mirrored():
    assert not is_mirrored(obj("v1", "Endpoints", "web"), service())


def test_a_slice_taken_over_by_someone_is_taken_back():
    owner = service()
    stamp = service_stamp(owner, MANAGER)
    groups = group_addresses(addresses_of(owner, [backend("a", "10.0.0.1")], {}))
    slices = apply(plan_slices(groups, [], stamp), {}, iter(range(9)))
    (mine,) = slices.values()
    mine["endpoints"] = []
    mine["metadata"]["ownerReferences"] = [owned_by(obj("v1", "Service", "other"))]
    (back,) = plan_slices(groups, [mine], stamp).update
    assert len(back["endpoints"]) == 1
    assert back["metadata"]["ownerReferences"] == [owned_by(owner)]
