"""Facts about the agent beside a real Envoy: capture, names, readiness, certificates, ends.

Each life is played once, in namespaces of its own and as an ordinary user would have to (inside a user
namespace); as root it is played without one as well. The tests look at what was observed.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.envoy.agent_network import NODE_IP, POD_IP

ROOT = Path(__file__).parents[2]
APP = "spiffe://cluster.local/ns/default/sa/app"

pytestmark = [
    pytest.mark.envoy,
    pytest.mark.world,
    pytest.mark.skipif(
        not shutil.which("nft") or not shutil.which("unshare"), reason="needs nft and unshare"
    ),
]


def play(scenario, *, user_namespace):
    """What `agent_scenarios` observed, in fresh namespaces that end with it."""
    flags = ["--map-root-user"] if user_namespace else []
    python = [sys.executable, "-m", "tests.envoy.agent_scenarios", scenario]
    done = subprocess.run(
        ["unshare", *flags, "-n", "-m", "-p", "-f", "--kill-child=SIGKILL", "--mount-proc", *python],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def as_root():
    return pytest.param(False, id="root", marks=pytest.mark.skipif(os.getuid() != 0, reason="not root"))


@pytest.fixture(scope="module", params=[pytest.param(True, id="rootless"), as_root()])
def sidecar(request):
    return play("sidecar", user_namespace=request.param)


@pytest.fixture(scope="module")
def router():
    return play("router", user_namespace=True)


def test_sidecar_is_ready_once_the_control_plane_answers(sidecar):
    assert sidecar["before_control_plane"] == [503, "no certificate was obtained yet"]
    assert sidecar["ready"]


def test_ads_client_proves_the_identity_of_the_token(sidecar):
    node = f"sidecar~{POD_IP}~app-1.default~default.svc.cluster.local"
    assert all(peer == {"uris": [APP], "node": node} for peer in sidecar["peers"])
    assert sidecar["peers"]


def test_outbound_connections_go_through_envoy_to_where_they_were_dialled(sidecar):
    assert sidecar["outbound"] == POD_IP
    assert ["PassthroughCluster", f"{NODE_IP}:7000"] in sidecar["upstreams"]


@pytest.mark.parametrize("address", ["240.0.0.3:9080", "127.255.0.3:9080"])
def test_virtual_addresses_reach_the_outbound_side(sidecar, address):
    assert ["PassthroughCluster", address] in sidecar["upstreams"]


def test_inbound_connections_reach_the_application_from_envoys_own_address(sidecar):
    assert sidecar["from_outside"] == "127.0.0.6"
    assert ["InboundPassthroughCluster", f"{POD_IP}:8000"] in sidecar["upstreams"]


def test_loopback_and_own_address_are_left_to_the_application(sidecar):
    assert (sidecar["loopback"], sidecar["own_address"]) == ("127.0.0.1", POD_IP)


def test_call_to_itself_through_its_own_service_takes_the_inbound_side(sidecar):
    assert sidecar["own_address_by_proxy"] == "127.0.0.6"


def test_envoys_connection_to_the_application_is_not_captured_again(sidecar):
    assert sidecar["app_by_proxy"] == "127.0.0.6"


def test_marked_udp_and_icmp_packets_are_untouched(sidecar):
    assert (sidecar["marked"], sidecar["udp"], sidecar["ping"]) == (POD_IP, POD_IP, True)


@pytest.mark.parametrize("question", ["dns", "dns_tcp", "dns_elsewhere", "dns_first_use_of_port"])
def test_mesh_names_are_answered_whichever_server_was_asked(sidecar, question):
    assert sidecar[question] == [0, ["240.0.0.3"]]


def test_mesh_name_without_aaaa_is_not_denied(sidecar):
    assert sidecar["dns_aaaa"] == [0, []]


def test_other_names_are_the_clusters(sidecar):
    assert sidecar["dns_unknown"] == [0, ["192.0.2.5"]]


def test_marked_question_from_a_captured_port_reaches_the_cluster(sidecar):
    assert sidecar["dns_same_port_marked"] == [3, []]


def test_short_name_finds_the_global_one_by_the_search_list(sidecar):
    assert (sidecar["short_name"], sidecar["outside_name"]) == (["240.0.0.3"], ["192.0.2.5"])
    assert "not known" in sidecar["nowhere"]


def test_envoy_never_resolves_by_the_name_table(sidecar):
    assert sidecar["dns_forwarder"] == [3, []]
    assert ["loop", f"{NODE_IP}:7000"] in sidecar["upstreams"]


def test_envoy_dies_with_a_killed_agent_and_a_new_agent_takes_over(sidecar):
    assert sidecar["envoy_gone_after_agent_killed"]
    assert sidecar["ready_again"]


def test_agent_fails_when_envoy_ends(sidecar):
    assert sidecar["status_after_envoy_killed"] == 1


def test_kubelet_learns_of_the_application_through_the_agent(sidecar):
    statuses = {"livez": 200, "readyz": 200, "startupz": 200, "closed": 503, "other": 404}
    assert sidecar["probes"] == statuses


def test_probes_fail_with_the_application(sidecar):
    assert set(sidecar["probes_of_dead_app"].values()) == {503, 404}


def test_stopping_sidecar_lets_open_connections_end_and_no_longer(sidecar):
    assert sidecar["while_stopping"] == ["still here", [503, "the proxy is stopping"]]
    assert sidecar["status_after_the_last_connection"] == 0


def test_sigterm_ends_both_without_error(sidecar):
    assert (sidecar["status_after_sigterm"], sidecar["envoy_gone_after_sigterm"]) == (0, True)


def test_refusal_is_one_plain_line_and_does_not_end_the_agent(router):
    (line,) = router["with_foreign_token"]
    assert 'The token is not for the audience "istio-ca"' in line
    assert router["ready"]


def test_envoy_serves_each_renewed_certificate(router):
    assert len(set(router["serials"])) == 4
    assert router["first"] == router["serials"][0]


def test_open_connections_survive_every_renewal(router):
    assert router["connection_kept"] == "still here"


def test_proxy_goes_on_while_the_control_plane_is_away_and_renews_after(router):
    assert router["while_control_plane_is_away"]
    assert len(set(router["after_its_return"])) == 2
    assert [peer["uris"] for peer in router["peers"]] == [[APP], [APP]]


def test_new_root_is_trusted_and_then_used(router):
    assert router["second_root_trusted"]
    assert router["issued_under_second_root"]


def test_secret_files_are_private(router):
    modes = {line.rpartition("/")[2] for line in router["modes"].splitlines()}
    assert modes == {"ROOTCA.yaml 600", "default.yaml 600", "sds 700"}


def test_gateway_stops_without_error(router):
    assert router["status_after_sigterm"] == 0
