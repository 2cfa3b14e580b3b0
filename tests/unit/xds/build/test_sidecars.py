"""What Sidecars and the mesh's configuration change in the listeners and clusters of a sidecar."""

from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_v3
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2 as tcp_proxy_v3
from tests.kit.parts import host, key, routes, rule, sidecar_view, to, upstream

from convoy.api.istio.mesh_config import PathNormalization
from convoy.api.istio.peer_authentication import MtlsMode
from convoy.mesh.model import (
    Application,
    BoundEgress,
    Fallback,
    InboundPart,
    InboundPort,
    Pool,
    Protocol,
    TcpRoute,
)
from convoy.xds.build.bound_plan import plan_bound_listeners, plan_bound_routes
from convoy.xds.build.clusters_inbound import build_inbound_cluster
from convoy.xds.build.listeners_inbound import build_ingress_listener, build_virtual_inbound
from convoy.xds.build.listeners_outbound import build_outbound_listener, build_virtual_outbound
from convoy.xds.build.routes import build_route_configuration

DB, WEB = key("db", 5432), key("reviews")
HTTP = routes(host("reviews", rule(WEB)), fallback=Fallback.BLOCK)


def manager_of(chain):
    manager = hcm_v3.HttpConnectionManager()
    assert chain.filters[-1].typed_config.Unpack(manager)
    return manager


def cluster_of(chain):
    proxy = tcp_proxy_v3.TcpProxy()
    assert chain.filters[-1].typed_config.Unpack(proxy)
    return proxy.cluster


def bound(**others):
    part = {"address": "127.0.0.1", "port": 9080, "is_bound": True, "routes": HTTP, **others}
    view = sidecar_view(upstream(WEB), upstream(DB, protocol=Protocol.TCP), bound=(BoundEgress(**part),))
    [plan] = plan_bound_listeners(view)
    return view, build_outbound_listener(plan)


def test_what_is_made_to_a_listener_is_http_without_looking():
    view, listener = bound()
    [chain] = listener.filter_chains
    assert (listener.name, listener.bind_to_port.value) == ("127.0.0.1_9080_bound", True)
    assert not chain.HasField("filter_chain_match")
    assert len(listener.listener_filters) == 0
    [table] = plan_bound_routes(view)
    assert manager_of(chain).rds.route_config_name == table.name


def test_bytes_beside_http_are_found_out():
    _, listener = bound(tcp=(TcpRoute("127.0.0.1", 9080, to(DB)),))
    assert [each.name for each in listener.listener_filters] == ["envoy.filters.listener.http_inspector"]
    assert cluster_of(listener.default_filter_chain) == "outbound|5432||db.default.svc.cluster.local"


def test_a_socket_is_a_path():
    _, listener = bound(address="/run/mesh.sock", port=0)
    assert (listener.name, listener.address.pipe.path) == ("/run/mesh.sock", "/run/mesh.sock")


def test_requests_for_all_ports_say_which_one_they_mean():
    table = routes(host("reviews", rule(WEB)), port=0)
    assert not build_route_configuration("x", table).ignore_port_in_host_matching
    assert build_route_configuration("x", HTTP).ignore_port_in_host_matching


def test_an_egress_proxy_gets_what_is_unknown():
    listener = build_virtual_outbound(True, DB)
    assert cluster_of(listener.default_filter_chain) == "outbound|5432||db.default.svc.cluster.local"


def inbound(*ports, **others):
    return InboundPart(
        ports=ports,
        default_mode=MtlsMode.PERMISSIVE,
        port_modes=(),
        trust_domains=("cluster.local",),
        interception_mark=None,
        **others,
    )


def test_a_port_of_its_own_listener_is_passed_on_unseen():
    port = InboundPort(7000, Protocol.HTTP, MtlsMode.STRICT, address="10.0.0.1", is_bound=True)
    part = inbound(port)
    [passing] = [
        chain
        for chain in build_virtual_inbound(part, "/sds").filter_chains
        if chain.filter_chain_match.destination_port.value == 7000
    ]
    assert not passing.HasField("transport_socket")
    assert cluster_of(passing) == "InboundPassthroughCluster"
    [chain] = build_ingress_listener(port, part, "/sds").filter_chains
    assert chain.HasField("transport_socket")
    assert manager_of(chain).route_config.virtual_hosts[0].routes[0].route.cluster == "inbound|7000||"


def test_a_port_may_be_open_at_one_address():
    part = inbound(InboundPort(7000, Protocol.TCP, MtlsMode.DISABLE, address="10.0.0.9"))
    [chain] = [
        chain
        for chain in build_virtual_inbound(part, "/sds").filter_chains
        if chain.filter_chain_match.destination_port.value == 7000
    ]
    [only] = chain.filter_chain_match.prefix_ranges
    assert (only.address_prefix, only.prefix_len.value) == ("10.0.0.9", 32)


def test_applications_are_where_they_say():
    def made(application):
        return build_inbound_cluster(7000, Protocol.HTTP, mark=7, application=application)

    dialled = made(Application("", 8080))
    assert dialled.original_dst_lb_config.upstream_port_override.value == 8080
    assert dialled.upstream_bind_config.source_address.address == "127.0.0.6"
    [local] = made(Application("127.0.0.1", 8080)).load_assignment.endpoints[0].lb_endpoints
    assert local.endpoint.address.socket_address.port_value == 8080
    [on_socket] = made(Application("/run/app.sock")).load_assignment.endpoints[0].lb_endpoints
    assert on_socket.endpoint.address.pipe.path == "/run/app.sock"


def test_pools_limit_what_an_application_gets():
    cluster = build_inbound_cluster(7000, Protocol.HTTP, mark=None, pool=Pool(max_connections=3))
    assert cluster.circuit_breakers.thresholds[0].max_connections.value == 3


def test_paths_are_put_in_order_as_the_mesh_says():
    def manager(paths):
        listener = build_virtual_inbound(
            inbound(InboundPort(7000, Protocol.HTTP, MtlsMode.DISABLE), paths=paths), "/sds"
        )
        [chain] = [one for one in listener.filter_chains if one.name == "0.0.0.0_7000"]
        return manager_of(chain)

    assert manager(PathNormalization.DEFAULT).normalize_path.value
    assert not manager(PathNormalization.NONE).normalize_path.value
    assert not manager(PathNormalization.BASE).merge_slashes
    assert manager(PathNormalization.MERGE_SLASHES).merge_slashes
    decoding = manager(PathNormalization.DECODE_AND_MERGE_SLASHES)
    assert decoding.path_with_escaped_slashes_action == hcm_v3.HttpConnectionManager.UNESCAPE_AND_FORWARD
