"""Facts about clusters as Envoy gets them."""

import pytest
from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2 as tls_v3
from tests.kit.parts import REVIEWS, dns_endpoint, key, tls, upstream

from convoy.mesh.model import Protocol, Resolution, TlsMode, Upstream, UpstreamTls
from convoy.xds.build.clusters import build_cluster
from convoy.xds.build.clusters_inbound import build_inbound_cluster

FOLDER = "/somewhere/sds"


def build(part: Upstream) -> cluster_v3.Cluster:
    return build_cluster(part, FOLDER)


def mutual_tls(cluster: cluster_v3.Cluster) -> tls_v3.UpstreamTlsContext:
    context = tls_v3.UpstreamTlsContext()
    assert cluster.transport_socket.typed_config.Unpack(context)
    return context


def test_endpoints_are_asked_for_under_the_cluster_s_name() -> None:
    cluster = build(upstream("reviews"))
    assert cluster.type == cluster_v3.Cluster.EDS
    assert cluster.eds_cluster_config.service_name == cluster.name
    assert cluster.eds_cluster_config.eds_config.HasField("ads")


def test_names_are_resolved_by_envoy_from_endpoints_that_are_given() -> None:
    cluster = build(upstream("x.global", resolution=Resolution.DNS, dns=[dns_endpoint("gw.example", 15443)]))
    address = cluster.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address
    assert cluster.cluster_type.name == "envoy.cluster.dns"
    assert (address.address, address.port_value) == ("gw.example", 15443)


def test_the_application_s_address_is_kept_for_headless_services() -> None:
    cluster = build(upstream("peers", resolution=Resolution.ORIGINAL_DST))
    assert cluster.type == cluster_v3.Cluster.ORIGINAL_DST
    assert cluster.lb_policy == cluster_v3.Cluster.CLUSTER_PROVIDED


def test_automatic_tls_lets_each_endpoint_choose() -> None:
    cluster = build(upstream("reviews", tls=tls()))
    assert not cluster.HasField("transport_socket")
    assert [match.name for match in cluster.transport_socket_matches] == ["tlsMode-istio", "tlsMode-disabled"]
    assert dict(cluster.transport_socket_matches[0].match.items()) == {"tlsMode": "istio"}
    assert not cluster.transport_socket_matches[1].match.fields


def test_mutual_tls_is_demanded_of_every_endpoint() -> None:
    cluster = build(upstream("reviews", tls=tls(TlsMode.MUTUAL, sni="the.sni")))
    context = mutual_tls(cluster)
    common = context.common_tls_context
    [san] = common.combined_validation_context.default_validation_context.match_typed_subject_alt_names
    assert not cluster.transport_socket_matches
    assert context.sni == "the.sni"
    assert san.matcher.exact == REVIEWS
    assert common.tls_params.tls_minimum_protocol_version == 3  # TLSv1_2
    assert common.tls_certificate_sds_secret_configs[0].sds_config.path_config_source.path == (
        f"{FOLDER}/default.yaml"
    )


def test_tls_without_an_accepted_identity_is_a_fault() -> None:
    with pytest.raises(ValueError, match="at least one"):
        build(upstream("reviews", tls=UpstreamTls(TlsMode.MUTUAL, "sni")))


@pytest.mark.parametrize(
    ("protocol", "alpn"),
    [
        (Protocol.HTTP, ["istio-http/1.1", "istio"]),
        (Protocol.GRPC, ["istio-h2", "istio"]),
        (Protocol.TCP, ["istio"]),
        (Protocol.AUTO, ["istio-http/1.1", "istio"]),
    ],
)
def test_alpn_follows_the_protocol(protocol: Protocol, alpn: list[str]) -> None:
    cluster = build(upstream("reviews", protocol=protocol, tls=tls(TlsMode.MUTUAL)))
    assert list(mutual_tls(cluster).common_tls_context.alpn_protocols) == alpn


def test_passthrough_carries_bytes_whatever_its_port_speaks() -> None:
    cluster = build(upstream(key("reviews", is_passthrough=True), protocol=Protocol.GRPC))
    assert not cluster.typed_extension_protocol_options
    assert not cluster.HasField("transport_socket")


@pytest.mark.parametrize(("mark", "options"), [(None, 0), (1337, 1)])
def test_inbound_connections_carry_the_mark_where_there_is_one(mark: int | None, options: int) -> None:
    config = build_inbound_cluster(9080, Protocol.HTTP, mark=mark).upstream_bind_config
    assert config.source_address.address == "127.0.0.6"
    assert len(config.socket_options) == options
