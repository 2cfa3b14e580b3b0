"""Facts about how clusters find their endpoints."""

import msgspec
import pytest
from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.extensions.clusters.dns.v3 import dns_cluster_pb2 as dns_cluster_v3
from envoy.extensions.clusters.dynamic_forward_proxy.v3 import cluster_pb2 as dynamic_cluster_v3
from envoy.extensions.filters.http.dynamic_forward_proxy.v3 import (
    dynamic_forward_proxy_pb2 as http_dynamic_v3,
)
from envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3 import (
    sni_dynamic_forward_proxy_pb2 as sni_dynamic_v3,
)
from tests.kit.parts import dns_endpoint, endpoint, host, key, routes, rule, sidecar_view, to, upstream

from convoy.mesh.model import Protocol, Resolution, TcpRoute, Upstream
from convoy.xds.build.clusters import build_cluster
from convoy.xds.build.dynamic_dns import build_host_resolving_filter, build_sni_resolving_filter
from convoy.xds.build.endpoints import build_load_assignment
from convoy.xds.build.outbound_plan import plan_listeners

WILD = "*.example.com"


def build(part: Upstream) -> cluster_v3.Cluster:
    return build_cluster(part, "/somewhere/sds")


def dns(cluster: cluster_v3.Cluster) -> dns_cluster_v3.DnsCluster:
    config = dns_cluster_v3.DnsCluster()
    assert cluster.cluster_type.typed_config.Unpack(config)
    return config


def test_a_port_may_be_dialled_instead_of_the_caller_s() -> None:
    part = upstream("a.example.com", resolution=Resolution.ORIGINAL_DST)
    assert not build(part).HasField("original_dst_lb_config")
    other = build(msgspec.structs.replace(part, override_port=80))
    assert other.original_dst_lb_config.upstream_port_override.value == 80


@pytest.mark.parametrize(("names", "is_single"), [((), False), (("a",), True), (("a", "b"), True)])
def test_addresses_of_one_name_are_one_endpoint(names: tuple[str, ...], is_single: bool) -> None:
    listed = [dns_endpoint(name, 80) for name in names]
    cluster = build(upstream("a.example.com", resolution=Resolution.LOGICAL_DNS, dns=listed))
    assert dns(cluster).all_addresses_in_single_endpoint is is_single
    shown = [one for group in cluster.load_assignment.endpoints for one in group.lb_endpoints]
    # Envoy refuses several, and none.
    assert len(shown) == min(len(names), 1)


def test_all_names_are_endpoints_where_each_address_is_one() -> None:
    listed = [dns_endpoint("a", 80), dns_endpoint("b", 80)]
    cluster = build(upstream("a.example.com", resolution=Resolution.DNS, dns=listed))
    assert not dns(cluster).all_addresses_in_single_endpoint
    assert len(cluster.load_assignment.endpoints[0].lb_endpoints) == 2


def test_clusters_and_filters_share_one_cache() -> None:
    cluster = build(upstream(WILD, resolution=Resolution.DYNAMIC_DNS))
    config, http, sni = dynamic_cluster_v3.ClusterConfig(), http_dynamic_v3.FilterConfig(), None
    assert cluster.cluster_type.typed_config.Unpack(config)
    assert cluster.lb_policy == cluster_v3.Cluster.CLUSTER_PROVIDED
    assert build_host_resolving_filter().typed_config.Unpack(http)
    sni = sni_dynamic_v3.FilterConfig()
    assert build_sni_resolving_filter(8443).typed_config.Unpack(sni)
    assert config.dns_cache_config == http.dns_cache_config == sni.dns_cache_config
    assert sni.port_value == 8443


def test_names_are_resolved_only_where_somebody_may_name_one() -> None:
    web, tls = key(WILD, 80), key(WILD, 443)
    view = sidecar_view(
        upstream(web, resolution=Resolution.DYNAMIC_DNS),
        msgspec.structs.replace(
            upstream(tls, protocol=Protocol.TLS, resolution=Resolution.DYNAMIC_DNS), override_port=8443
        ),
        upstream(key("reviews", 9080)),
        http=(
            routes(host(WILD, rule(web), port=80), port=80),
            routes(host("reviews", rule(key("reviews", 9080)))),
        ),
        tcp=(
            TcpRoute("0.0.0.0", 443, to(tls), server_names=(WILD,)),
            TcpRoute("0.0.0.0", 443, to(key("reviews", 9080)), server_names=("reviews",)),
        ),
    )
    plans = {plan.port: plan for plan in plan_listeners(view)}
    assert {port: plan.resolves_hosts for port, plan in plans.items()} == {80: True, 443: False, 9080: False}
    assert {chain.server_names[0]: chain.resolves_sni for chain in plans[443].chains} == {
        WILD: 8443,
        "reviews": 0,
    }


@pytest.mark.parametrize("path", ["/var/run/app.sock", "@abstract"])
def test_sockets_are_pipes(path: str) -> None:
    assignment = build_load_assignment("a", [endpoint(path, 0), endpoint("10.0.0.1", 80)])
    found = [one.endpoint.address for one in assignment.endpoints[0].lb_endpoints]
    assert {one.pipe.path for one in found if one.HasField("pipe")} == {path}
    assert {one.socket_address.address for one in found if one.HasField("socket_address")} == {"10.0.0.1"}
