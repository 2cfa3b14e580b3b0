"""What happens to connections to a Service, observed once in namespaces that an ordinary user can make."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.world]

ROOT = Path(__file__).parents[2]
CLIENT = "198.18.0.20"
ONE, TWO = "198.18.0.1", "198.18.1.1"
REFUSED = ["ECONNREFUSED"]


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `proxy_scenarios` printed."""
    flags = ["--map-root-user", "-n", "-m", "-p", "-f", "--kill-child=SIGKILL", "--mount-proc"]
    program = [sys.executable, "-m", "tests.cluster.proxy_scenarios", str(tmp_path_factory.mktemp("outside"))]
    done = subprocess.run(
        ["unshare", *flags, *program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_a_service_leads_to_all_pods_and_shows_them_the_client(observed: dict[str, Any]) -> None:
    assert observed["cluster_ip"] == [["a", CLIENT], ["c", CLIENT]]


def test_the_router_reaches_services_too(observed: dict[str, Any]) -> None:
    assert observed["cluster_ip_from_the_router"] == "a"


def test_a_pod_reaches_itself_behind_its_node(observed: dict[str, Any]) -> None:
    assert observed["itself"] == ["a", ONE]


def test_a_service_without_pods_refuses_over_tcp_and_udp(observed: dict[str, Any]) -> None:
    assert observed["nobody"] == [REFUSED] * 3


def test_what_is_no_port_or_no_service_refuses(observed: dict[str, Any]) -> None:
    assert observed["other_places"] == [REFUSED] * 3


def test_terminating_pods_get_connections_when_there_is_no_other(observed: dict[str, Any]) -> None:
    assert observed["terminating"] == [[["a", CLIENT]], [["b", CLIENT]]]


def test_a_node_port_leads_from_each_node_to_all_pods(observed: dict[str, Any]) -> None:
    behind = [["a", ONE], ["c", TWO]]
    assert observed["node_port"] == [behind, behind, True]


def test_a_node_port_with_policy_local_leads_to_the_nodes_own_pods(observed: dict[str, Any]) -> None:
    assert observed["local_node_port"] == [[["a", CLIENT]], True]


def test_a_load_balancer_leads_in_from_another_cluster(observed: dict[str, Any]) -> None:
    assert observed["load_balancer"]["hidden"] == [["a", ONE], ["a", ONE]]
    assert observed["load_balancer"]["closed"] == REFUSED


def test_a_load_balancer_with_policy_local_shows_the_client(observed: dict[str, Any]) -> None:
    assert observed["load_balancer"]["shown"] == [["a", "198.19.0.253"], ["a", CLIENT]]


def test_a_load_balancer_without_pods_refuses(observed: dict[str, Any]) -> None:
    assert observed["load_balancer_without_pods"] == REFUSED


def test_a_removed_load_balancer_leads_nowhere(observed: dict[str, Any]) -> None:
    assert observed["removed_load_balancer"] is True


def test_source_ranges_of_a_load_balancer_keep_others_out(observed: dict[str, Any]) -> None:
    assert observed["source_ranges"] == ["a", True]


def test_only_load_balancers_are_reached_from_another_cluster(observed: dict[str, Any]) -> None:
    pod, cluster_ip, router = observed["border"]
    assert (pod, cluster_ip, router) == ("no answer", "ECONNREFUSED", "ECONNREFUSED")


def test_an_external_ip_leads_to_the_pods(observed: dict[str, Any]) -> None:
    assert observed["external_ip"] == "a"


def test_session_affinity_keeps_a_clients_pod_for_as_long_as_it_is_there(observed: dict[str, Any]) -> None:
    assert observed["affinity"] == {"once": 1, "kept": True, "moved": True}


def test_internal_policy_local_keeps_clients_on_their_node(observed: dict[str, Any]) -> None:
    assert observed["internal_policy_local"] == [[["a", CLIENT]], [["c", TWO]], True]


def test_datagrams_from_one_port_follow_the_services_pods(observed: dict[str, Any]) -> None:
    assert observed["datagrams"] == [REFUSED, REFUSED, ["a", CLIENT], ["b", CLIENT]]


def test_an_established_connection_outlives_its_endpoint(observed: dict[str, Any]) -> None:
    assert observed["established"] == ["a", "still there?\n", [["b", CLIENT]]]


def test_no_call_is_lost_while_endpoints_change(observed: dict[str, Any]) -> None:
    assert observed["rollout"] == {"failures": [], "enough": True}


def test_a_pod_is_withdrawn_once_its_service_leads_elsewhere(observed: dict[str, Any]) -> None:
    assert observed["withdrawal"] == [False, "b"]


def test_a_pod_that_was_about_to_be_offered_is_withdrawn_later(observed: dict[str, Any]) -> None:
    assert observed["early_withdrawal"] == [False, "a"]


def test_what_lies_outside_is_reached_from_every_cluster(observed: dict[str, Any]) -> None:
    seen, routers, address = observed["outside"]
    asked = ["edition.example.org", "/x"]
    assert seen == [[*asked, router, f"{address}:80"] for router in routers]


def test_every_change_of_the_rules_was_taken(observed: dict[str, Any]) -> None:
    assert observed["failures"] == []
