"""What a traffic policy says, as Envoy's clusters, routes and filters have it."""

import pytest
from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3 import (
    client_side_weighted_round_robin_pb2 as weighted_v3,
)
from envoy.extensions.load_balancing_policies.wrr_locality.v3 import wrr_locality_pb2 as wrr_locality_v3
from envoy.extensions.transport_sockets.proxy_protocol.v3 import upstream_proxy_protocol_pb2 as header_v3
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2 as tls_v3
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2 as http_v3
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from tests.kit import samples_of_policies as samples
from tests.kit.parts import assignment, endpoint, key, tls
from tests.kit.samples_of_policies import with_policy

from convoy.mesh.model import (
    HttpVersion,
    LbPolicy,
    Origination,
    Outliers,
    Pool,
    Protocol,
    ProxyHeader,
    Resolution,
    TlsMode,
    Upstream,
    Vantage,
)
from convoy.xds.build.clusters import build_cluster
from convoy.xds.build.endpoints import build_assignment
from convoy.xds.build.hash_policies import build_hash_policy

OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def build(upstream: Upstream, vantage: Vantage | None = None) -> cluster_v3.Cluster:
    return build_cluster(upstream, "/sds", vantage or Vantage())


def sample(name: str) -> cluster_v3.Cluster:
    """The cluster of one of the samples."""
    (found,) = (one for one in samples.everything() if one.key == key(name, 9999))
    return build(found)


def plain(message: Message) -> object:
    return MessageToDict(message, preserving_proto_field_name=True)


def options(cluster: cluster_v3.Cluster) -> http_v3.HttpProtocolOptions:
    found = http_v3.HttpProtocolOptions()
    assert cluster.typed_extension_protocol_options[OPTIONS].Unpack(found)
    return found


def context(cluster: cluster_v3.Cluster) -> tls_v3.UpstreamTlsContext:
    found = tls_v3.UpstreamTlsContext()
    assert cluster.transport_socket.typed_config.Unpack(found)
    return found


def test_tables_have_their_size_and_localities_their_weight() -> None:
    ring, maglev = sample("ring"), sample("maglev")
    assert ring.lb_policy == cluster_v3.Cluster.RING_HASH
    assert ring.ring_hash_lb_config.minimum_ring_size.value == 2048
    assert ring.common_lb_config.HasField("locality_weighted_lb_config")
    assert maglev.maglev_lb_config.table_size.value == 101
    assert not maglev.common_lb_config.HasField("locality_weighted_lb_config")


def test_warmup_belongs_to_the_algorithm() -> None:
    assert plain(sample("turns").round_robin_lb_config.slow_start_config) == {
        "slow_start_window": "1s",
        "aggression": {"default_value": 1.0, "runtime_key": "slow_start.aggression"},
        "min_weight_percent": {"value": 10.0},
    }
    least = sample("least").least_request_lb_config.slow_start_config
    assert (least.min_weight_percent.value, least.aggression.default_value) == (0.0, 2.5)
    assert least.HasField("min_weight_percent")


def test_reported_load_is_a_policy_of_its_own_inside_that_of_localities() -> None:
    (outer,) = sample("load").load_balancing_policy.policies
    by_locality, weighted = wrr_locality_v3.WrrLocality(), weighted_v3.ClientSideWeightedRoundRobin()
    assert outer.typed_extension_config.typed_config.Unpack(by_locality)
    (inner,) = by_locality.endpoint_picking_policy.policies
    assert inner.typed_extension_config.typed_config.Unpack(weighted)
    assert plain(weighted) == {
        "blackout_period": "0.001s",
        "weight_expiration_period": "0.002s",
        "weight_update_period": "0.003s",
        "error_utilization_penalty": pytest.approx(0.04),
        "metric_names_for_computing_utilization": ["named_metrics.x"],
    }


def test_the_application_s_address_leaves_nothing_to_balance() -> None:
    kept = with_policy("kept", resolution=Resolution.ORIGINAL_DST, lb_policy=LbPolicy.RING_HASH)
    assert build(kept).lb_policy == cluster_v3.Cluster.CLUSTER_PROVIDED


def test_limits_are_limits_and_nothing_else_is() -> None:
    (thresholds,) = sample("limits").circuit_breakers.thresholds
    assert plain(thresholds) == {
        "max_connections": 1,
        "max_pending_requests": 2,
        "max_requests": 3,
        "max_retries": 4,
        "track_remaining": True,
        "retry_budget": {"budget_percent": {"value": 15.5}, "min_retry_concurrency": 16},
    }
    # `budget_interval`, field 3: a Duration of 17 s. These messages do not know it; Envoy does.
    assert thresholds.retry_budget.SerializeToString().endswith(b"\x1a\x02\x08\x11")
    (unlimited,) = sample("maglev").circuit_breakers.thresholds
    assert unlimited.max_retries.value == 2**32 - 1


def test_connections_have_a_life_and_a_version() -> None:
    cluster = sample("limits")
    assert plain(options(cluster)) == {
        "common_http_protocol_options": {
            "idle_timeout": "7s",
            "max_connection_duration": "6s",
            "max_requests_per_connection": 5,
        },
        "explicit_http_config": {
            "http2_protocol_options": {
                "max_concurrent_streams": 12,
                "connection_keepalive": {"interval": "13s", "timeout": "14s"},
            }
        },
    }
    assert plain(cluster.upstream_connection_options.tcp_keepalive) == {
        "keepalive_probes": 9,
        "keepalive_time": 10,
        "keepalive_interval": 11,
    }
    assert options(sample("caller")).HasField("use_downstream_protocol_config")


def test_alpn_follows_the_version_that_is_spoken() -> None:
    mutual = tls(TlsMode.MUTUAL)
    upgraded = with_policy("up", tls=mutual, pool=Pool(http_version=HttpVersion.HTTP2))
    bytes_only = with_policy(
        "bytes", tls=mutual, pool=Pool(http_version=HttpVersion.HTTP2), protocol=Protocol.TCP
    )
    assert list(context(build(upgraded)).common_tls_context.alpn_protocols) == ["istio-h2", "istio"]
    assert list(context(build(bytes_only)).common_tls_context.alpn_protocols) == ["istio"]


def test_outliers_are_ejected_by_runs_and_never_by_rates() -> None:
    cluster = sample("outliers")
    assert plain(cluster.outlier_detection) == {
        "consecutive_5xx": 1,
        "enforcing_consecutive_5xx": 100,
        "consecutive_gateway_failure": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "split_external_local_origin_errors": True,
        "enforcing_local_origin_success_rate": 0,
        "consecutive_local_origin_failure": 2,
        "enforcing_consecutive_local_origin_failure": 100,
        "interval": "3s",
        "base_ejection_time": "4s",
        "max_ejection_percent": 50,
    }
    assert cluster.common_lb_config.healthy_panic_threshold.value == 20
    rules = options(cluster).outlier_detection.error_matcher.or_match.rules
    found = [one.http_response_headers_match.headers[0].string_match.exact for one in rules]
    assert found == ["429", "503"]


def test_panic_is_off_with_detection_and_as_ever_without() -> None:
    found = build(with_policy("x", outliers=Outliers())).common_lb_config
    assert found.HasField("healthy_panic_threshold")
    assert found.healthy_panic_threshold.value == 0
    assert not build(with_policy("x")).common_lb_config.HasField("healthy_panic_threshold")


def test_origination_asks_for_its_secrets_over_the_stream() -> None:
    common = context(sample("mutual")).common_tls_context
    (pair,) = common.tls_certificate_sds_secret_configs
    trust = common.combined_validation_context.validation_context_sds_secret_config
    names = common.combined_validation_context.default_validation_context.match_typed_subject_alt_names
    assert pair.sds_config.HasField("ads")
    assert (pair.name, trust.name) == ("file-cert:/c.pem~/k.pem", "file-root:/r.pem~/crl.pem")
    assert [(one.san_type, one.matcher.exact) for one in names] == [(2, "a.test"), (4, "10.0.0.1")]
    assert not common.alpn_protocols


def test_without_a_name_the_requests_host_is_asked_for_and_verified() -> None:
    nameless = build(with_policy("x", tls=samples.originating(samples.SIMPLE)))
    automatic = options(nameless).upstream_http_protocol_options
    assert (automatic.auto_sni, automatic.auto_san_validation) == (True, True)
    named = options(sample("mutual")).upstream_http_protocol_options
    assert (named.auto_sni, named.auto_san_validation) == (True, False)
    assert not options(sample("simple")).HasField("upstream_http_protocol_options")


def test_nobody_is_verified_only_where_that_is_meant() -> None:
    unverified = context(sample("unverified")).common_tls_context
    assert unverified.WhichOneof("validation_context_type") is None
    automatic = options(sample("unverified")).upstream_http_protocol_options
    assert (automatic.auto_sni, automatic.auto_san_validation) == (True, False)
    trusting = samples.originating(Origination(trust=samples.MUTUAL.trust))
    common = context(build(with_policy("x", tls=trusting))).common_tls_context
    assert common.WhichOneof("validation_context_type") == "combined_validation_context"


def test_the_proxy_header_goes_before_any_tls() -> None:
    wrapped = header_v3.ProxyProtocolUpstreamTransport()
    assert sample("simple").transport_socket.typed_config.Unpack(wrapped)
    assert wrapped.transport_socket.name == "envoy.transport_sockets.tls"
    by_endpoint = sample("header").transport_socket_matches
    assert {one.transport_socket.name for one in by_endpoint} == {
        "envoy.transport_sockets.upstream_proxy_protocol"
    }
    bare = build(with_policy("x", proxy_header=ProxyHeader.V1))
    assert bare.transport_socket.typed_config.Unpack(wrapped)
    assert wrapped.transport_socket.name == "envoy.transport_sockets.raw_buffer"


def test_hash_policies_say_what_requests_are_told_apart_by() -> None:
    assert [plain(build_hash_policy(one)) for one in samples.HASHES] == [
        {"header": {"header_name": "x-user"}},
        {"query_parameter": {"name": "user"}},
        {"connection_properties": {"source_ip": True}},
        {
            "cookie": {
                "name": "user",
                "path": "/",
                "ttl": "1.500s",
                "attributes": [{"name": "SameSite", "value": "Strict"}],
            }
        },
    ]


def test_names_that_envoy_resolves_have_their_place_in_the_cluster() -> None:
    (named,) = (one for one in samples.everything() if one.resolution is Resolution.DNS)
    here = build(named, Vantage("eu/x")).load_assignment.endpoints
    assert [(one.locality.region, one.load_balancing_weight.value) for one in here] == [
        ("eu", 80),
        ("us", 20),
    ]
    elsewhere = build(named, Vantage("asia")).load_assignment.endpoints
    assert [one.load_balancing_weight.value for one in elsewhere] == [1, 1]


def test_an_assignment_is_as_it_is_seen_from_a_place() -> None:
    part = assignment(
        key("reviews"), endpoint("10.0.0.1", locality="eu"), endpoint("10.0.0.2", locality="us")
    )
    seen = build_assignment(type(part)(part.key, part.endpoints, samples.SHARES), Vantage("eu/x"))
    assert [(one.priority, one.load_balancing_weight.value) for one in seen.endpoints] == [(0, 80), (0, 20)]
