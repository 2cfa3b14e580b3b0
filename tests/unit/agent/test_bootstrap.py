"""Facts about Envoy's bootstrap."""

import json
import re
import subprocess

import pytest
from tests.unit.agent.test_settings import ENV

from convoy.agent.bootstrap import LARGEST_REGEX_PROGRAM, build_bootstrap, build_node
from convoy.agent.envoy import build_arguments, find_envoy
from convoy.agent.sds import SecretFiles
from convoy.agent.settings import AgentFiles, parse_settings
from convoy.api.validation import finding
from convoy.ca.identity import Identity
from convoy.ca.issuers import issue_intermediate, issue_workload, new_root
from convoy.ca.keys import build_csr, key_to_pem, new_key

GATEWAY = ENV | {"PROXY_TYPE": "router", "INTERCEPTION_MARK": ""}


def bootstrap(env=ENV, **changed):
    return build_bootstrap(parse_settings(env | changed, resolv_conf="nameserver 198.18.1.1\n"))


def resolvers(built):
    addresses = built["typed_dns_resolver_config"]["typed_config"]["resolvers"]
    return [(a["socket_address"]["address"], a["socket_address"]["port_value"]) for a in addresses]


def xds_cluster(built):
    (cluster,) = built["static_resources"]["clusters"]
    return cluster


def test_node_is_named_as_istios_proxies_are():
    node = build_node(parse_settings(ENV | {"ISTIO_META_APP": "reviews"}))
    assert node["id"] == "sidecar~198.18.1.9~reviews-v1.default~default.svc.cluster.local"
    assert node["cluster"] == "reviews.default"
    assert node["metadata"]["CLUSTER_ID"] == "cluster1"
    assert node["metadata"]["SERVICE_ACCOUNT"] == "bookinfo-reviews"


def test_captured_envoy_asks_the_forwarder_and_a_gateway_the_clusters_dns():
    assert resolvers(bootstrap()) == [("127.0.0.1", 15054)]
    assert resolvers(bootstrap(GATEWAY)) == [("198.18.1.1", 53)]


def test_every_upstream_socket_of_a_sidecar_is_marked():
    (option,) = bootstrap()["cluster_manager"]["upstream_bind_config"]["socket_options"]
    assert option == {"level": 1, "name": 36, "int_value": 1337, "state": "STATE_PREBIND"}
    assert "cluster_manager" not in bootstrap(GATEWAY)


def test_control_plane_is_believed_by_its_dns_name_alone():
    tls = xds_cluster(bootstrap())["transport_socket"]["typed_config"]["common_tls_context"]
    (san,) = tls["combined_validation_context"]["default_validation_context"]["match_typed_subject_alt_names"]
    assert san == {"san_type": "DNS", "matcher": {"exact": "istiod.istio-system.svc"}}


def test_control_plane_given_by_address_is_not_looked_up():
    assert xds_cluster(bootstrap(DISCOVERY_HOST="198.18.1.2"))["type"] == "STATIC"
    assert "type" not in xds_cluster(bootstrap())


def test_admin_listens_on_loopback_only():
    assert bootstrap()["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"


def test_connections_of_a_removed_chain_end_soon_at_a_gateway():
    arguments = build_arguments("envoy", parse_settings(GATEWAY))
    assert arguments[arguments.index("--drain-time-s") + 1] == "5"


def test_a_proxy_is_started_with_what_it_is_told():
    told = {"PROXY_CONCURRENCY": "3", "PROXY_DRAIN_SECONDS": "7"}
    arguments = build_arguments("envoy", parse_settings(ENV | told))
    assert arguments[arguments.index("--concurrency") + 1] == "3"
    assert arguments[arguments.index("--drain-time-s") + 1] == "7"


def test_no_number_of_threads_means_one_per_core():
    assert "--concurrency" not in build_arguments("envoy", parse_settings(ENV | {"PROXY_CONCURRENCY": "0"}))


def test_requests_on_connections_of_a_removed_chain_end_at_once():
    for env in (ENV, GATEWAY):
        arguments = build_arguments("envoy", parse_settings(env))
        assert arguments[arguments.index("--drain-strategy") + 1] == "immediate"


@pytest.mark.envoy
@pytest.mark.parametrize("env", [ENV, GATEWAY, GATEWAY | {"DISCOVERY_HOST": "2001:db8::1"}])
def test_envoy_accepts_the_bootstrap_and_the_secrets(tmp_path, env):
    files = AgentFiles(sds_folder=tmp_path / "sds", bootstrap=tmp_path / "envoy.json")
    settings = parse_settings(env, resolv_conf="nameserver 198.18.1.1\n", files=files)
    key, issuer = new_key(), issue_intermediate(new_root(), "cluster1")
    issued = issue_workload(issuer, build_csr(key), identity=Identity("cluster.local", "default", "a"))
    texts = [tuple(pem.decode() for pem in pems) for pems in (issued.chain_pem, issuer.roots_pem)]
    SecretFiles(files.sds_folder).write(key_to_pem(key), chain=texts[0], roots=texts[1])
    files.bootstrap.write_text(json.dumps(build_bootstrap(settings)))
    arguments = [*build_arguments(find_envoy(), settings), "--mode", "validate"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr.lower()


def test_validation_and_bootstrap_agree_on_the_largest_pattern():
    assert finding.LARGEST_REGEX_PROGRAM == LARGEST_REGEX_PROGRAM


def validated(bootstrap, folder):
    config = folder / "bootstrap.json"
    config.write_text(json.dumps(bootstrap))
    arguments = [find_envoy(), "-c", str(config), "--mode", "validate", "--disable-hot-restart"]
    return subprocess.run([*arguments, "-l", "error"], capture_output=True, text=True, timeout=60)


def matching(pattern):
    """A bootstrap without TLS whose one listener routes by a regular expression."""
    built = build_bootstrap(parse_settings(ENV | {"DISCOVERY_HOST": "198.18.1.2"}))
    del xds_cluster(built)["transport_socket"]
    filters = "type.googleapis.com/envoy.extensions.filters"
    route = {"match": {"safe_regex": {"regex": pattern}}, "direct_response": {"status": 200}}
    manager = {
        "@type": f"{filters}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "patterns",
        "route_config": {"virtual_hosts": [{"name": "any", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "router", "typed_config": {"@type": f"{filters}.http.router.v3.Router"}},
        ],
    }
    listener = {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 18080}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    built["static_resources"]["listeners"] = [listener]
    return built


@pytest.mark.envoy
@pytest.mark.parametrize(
    ("pattern", "is_valid"), [("a{500}", True), (r"\pL{1000}" * 4, True), (r"\pL{1000}" * 5, False)]
)
def test_envoy_takes_the_patterns_that_validation_lets_through(tmp_path, pattern, is_valid):
    found = finding.Findings()
    found.check_regex("spec", pattern)
    done = validated(matching(pattern), tmp_path)
    assert (not found.problems, done.returncode == 0) == (is_valid, is_valid), done.stderr


SIDECARS_WORK = (
    "http.inbound_9080.downstream_rq_active",
    "http.inbound_9080.downstream_rq_total",
    "http.inbound_9080.downstream_cx_active",
    "listener.0.0.0.0_15006.downstream_cx_active",
    "listener.0.0.0.0_15006.downstream_cx_total",
)
GATEWAYS_WORK = (
    "http.gateway_8080.downstream_rq_active",
    "http.gateway_8080.downstream_cx_active",
    "listener.0.0.0.0_8080.downstream_cx_active",
    "listener.[__]_8080.downstream_cx_active",
)
NOBODYS_WORK = (
    "http.outbound_9080.downstream_rq_active",
    "http.inbound_9080.downstream_cx_total",
    "listener.0.0.0.0_15006.worker_0.downstream_cx_active",
    "listener.admin.downstream_cx_active",
)


@pytest.mark.parametrize(
    ("env", "counted", "left_out"),
    [(ENV, SIDECARS_WORK, GATEWAYS_WORK + NOBODYS_WORK), (GATEWAY, GATEWAYS_WORK, NOBODYS_WORK)],
)
def test_proxy_counts_the_work_that_comes_in(env, counted, left_out):
    patterns = bootstrap(env)["stats_config"]["stats_matcher"]["inclusion_list"]["patterns"]
    regexes = [each["safe_regex"]["regex"] for each in patterns if "safe_regex" in each]
    kept = {name for name in counted + left_out if any(re.fullmatch(regex, name) for regex in regexes)}
    assert kept == set(counted)
