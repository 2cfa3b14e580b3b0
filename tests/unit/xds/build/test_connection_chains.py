"""Listeners whose filter chains tell connections by SNI and network."""

from envoy.config.listener.v3 import listener_pb2 as listener_v3
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_v3
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2 as tcp_proxy_v3
from tests.kit import parts
from tests.kit.parts import host, key, routes, to, upstream

from convoy.mesh.model import Protocol, SidecarView, SniffedRoute, TcpRoute
from convoy.xds.build.connection_chains import connection_match
from convoy.xds.build.listeners_outbound import build_outbound_listener
from convoy.xds.build.outbound_plan import plan_listeners, plan_routes

ANY = "0.0.0.0"


def listener(view: SidecarView) -> listener_v3.Listener:
    (plan,) = plan_listeners(view)
    return build_outbound_listener(plan)


def inspectors(made: listener_v3.Listener) -> list[str]:
    return [one.name.rpartition(".")[2] for one in made.listener_filters]


def manager(made: listener_v3.Listener) -> hcm_v3.HttpConnectionManager:
    found = hcm_v3.HttpConnectionManager()
    unpacked = [chain.filters[-1].typed_config.Unpack(found) for chain in made.filter_chains]
    assert any(unpacked)
    return found


def test_names_ask_for_tls_and_any_name_for_nothing_more() -> None:
    some, every = connection_match(["a.test"]), connection_match(["*"])
    assert (some.transport_protocol, list(some.server_names)) == ("tls", ["a.test"])
    assert (every.transport_protocol, list(every.server_names)) == ("tls", [])


def test_networks_are_prefixes() -> None:
    found = connection_match(subnets=["10.0.0.0/8", "fd00::/8"]).prefix_ranges
    assert [(one.address_prefix, one.prefix_len.value) for one in found] == [("10.0.0.0", 8), ("fd00::", 8)]


def test_what_no_chain_takes_goes_where_it_was_dialled() -> None:
    made = listener(parts.sidecar_view(tcp=(TcpRoute(ANY, 443, to(key("a")), server_names=("a.test",)),)))
    passed = tcp_proxy_v3.TcpProxy()
    made.default_filter_chain.filters[0].typed_config.Unpack(passed)
    assert passed.cluster == "PassthroughCluster"
    assert inspectors(made) == ["tls_inspector"]


def test_names_are_waited_for_as_long_as_it_takes_unless_bytes_have_a_place() -> None:
    named = TcpRoute(ANY, 443, to(key("a")), server_names=("a.test",))
    alone = listener(parts.sidecar_view(tcp=(named,)))
    shared = listener(parts.sidecar_view(tcp=(named, TcpRoute(ANY, 443, to(key("b"))))))
    assert (alone.listener_filters_timeout.seconds, alone.continue_on_listener_filters_timeout) == (0, False)
    assert (shared.listener_filters_timeout.seconds, shared.continue_on_listener_filters_timeout) == (5, True)


def test_networks_alone_need_no_looking() -> None:
    made = listener(parts.sidecar_view(tcp=(TcpRoute(ANY, 443, to(key("a")), subnets=("10.0.0.0/8",)),)))
    assert inspectors(made) == []


def test_tls_that_offers_http_is_no_http() -> None:
    made = listener(
        parts.sidecar_view(
            http=(routes(host("web", port=443), port=443),),
            tcp=(TcpRoute(ANY, 443, to(key("a")), server_names=("a.test",)),),
        )
    )
    (http,) = (chain for chain in made.filter_chains if chain.filter_chain_match.application_protocols)
    assert http.filter_chain_match.transport_protocol == "raw_buffer"
    assert inspectors(made) == ["tls_inspector", "http_inspector"]


def test_sniffing_in_a_network_has_a_chain_and_routes_of_its_own() -> None:
    sniffed = SniffedRoute(
        ANY, 80, routes(host("web", port=80), port=80), to(key("web", 80)), ("10.0.0.0/8",)
    )
    view = parts.sidecar_view(sniffed=(sniffed,))
    made = listener(view)
    assert [len(chain.filter_chain_match.prefix_ranges) for chain in made.filter_chains] == [1, 1]
    (table,) = plan_routes(view)
    assert manager(made).rds.route_config_name == table.name == "web.default.svc.cluster.local:80"


def test_grpc_web_is_understood_where_a_service_has_it() -> None:
    def filters(protocol: Protocol) -> list[str]:
        view = parts.sidecar_view(upstream(key("web"), protocol=protocol), http=(routes(host("web")),))
        return [one.name.rpartition(".")[2] for one in manager(listener(view)).http_filters]

    assert filters(Protocol.GRPC)[:1] != ["grpc_web"]
    assert filters(Protocol.GRPC_WEB)[:1] == ["grpc_web"]
