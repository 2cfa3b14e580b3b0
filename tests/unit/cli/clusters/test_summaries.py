"""What `convoy status` makes of the objects of clusters."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from convoy.ca.files import CA_CERT, intermediate_to_files
from convoy.ca.issuers import issue_intermediate, new_root
from convoy.cli.clusters.memory import world_pss_mib
from convoy.cli.clusters.observing import Seen
from convoy.cli.clusters.summaries import gateway_address, summarise

NOW = datetime.now(UTC)
GATEWAYS = {"east": "198.19.0.10", "west": "198.19.0.38"}


def obj(name, kind="Pod", *, spec=None, **status):
    return {"kind": kind, "metadata": {"name": name, "namespace": "ns"}, "spec": spec or {}, "status": status}


def condition(kind, status, message=""):
    return [{"type": kind, "status": status, "message": message}]


def row(**seen):
    return summarise("east", "https://x", Seen(**seen), gateways=GATEWAYS, now=NOW)


def test_ready_ones_are_counted_of_all_that_live():
    pods = [
        obj("a", conditions=condition("Ready", "True")),
        obj("b", conditions=condition("Ready", "False")),
        obj("c", phase="Succeeded"),
    ]
    assert row(pods=pods).pods == (1, 2)


def test_control_plane_and_gateway_are_their_deployments():
    deployments = [obj("istiod", spec={"replicas": 2}, readyReplicas=1), obj("istio-ingressgateway")]
    seen = row(deployments=deployments)
    assert (seen.control_plane, seen.gateways) == ((1, 2), (0, 1))
    assert (row().control_plane, row().gateways) == (None, None)


def entry(address, port=15443):
    return obj("e", "ServiceEntry", spec={"endpoints": [{"address": address, "ports": {"http": port}}]})


@pytest.mark.parametrize(
    ("address", "port", "links"),
    [
        ("198.19.0.38", 15443, ("west",)),
        ("istio-ingressgateway.west.convoy.test", 15443, ("west",)),
        ("198.19.0.38", 80, ()),
        ("198.19.0.10", 15443, ()),
        ("203.0.113.1", 15443, ()),
    ],
)
def test_link_is_a_call_through_another_clusters_gateway(address, port, links):
    assert row(mesh=[entry(address, port)]).links == links


def test_days_are_those_of_the_clusters_own_authority():
    files = intermediate_to_files(issue_intermediate(new_root(), "east"))
    days = row(authority=files[CA_CERT]).certificate_days
    later = summarise("east", "", Seen(authority=files[CA_CERT]), gateways={}, now=NOW + timedelta(days=10))
    assert days - later.certificate_days == 10
    assert row().certificate_days is None


def test_objects_that_are_not_in_force_are_problems():
    mesh = [
        obj("good", "VirtualService", conditions=condition("Reconciled", "True")),
        obj(
            "bad", "VirtualService", conditions=condition("Reconciled", "False", "Not all of it is in force")
        ),
        obj("new", "VirtualService"),
    ]
    assert row(mesh=mesh).problems == ("VirtualService ns/bad: Not all of it is in force",)


def test_gateway_address_is_that_of_its_service():
    service = obj("istio-ingressgateway", "Service", loadBalancer={"ingress": [{"ip": "198.19.0.10"}]})
    assert gateway_address(Seen(services=[service])) == "198.19.0.10"
    assert gateway_address(Seen(services=[obj("istio-ingressgateway", "Service")])) == ""
    assert gateway_address(Seen()) == ""


def test_memory_counts_a_process_that_is_there():
    assert world_pss_mib(os.getpid()) > 5
    assert world_pss_mib(0x7FFFFFFF) == 0
