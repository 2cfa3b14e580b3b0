"""Facts about what a gateway binds, and about the chains of one port."""

import pytest
from envoy.config.listener.v3 import listener_pb2 as listener_v3
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2 as tcp_proxy_v3
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2 as tls_v3
from tests.kit import parts
from tests.kit.parts import host, key, routes, to, upstream

from convoy.mesh.model import (
    ClientProof,
    CredentialKey,
    GatewayHttp,
    GatewayHttps,
    GatewayPassthrough,
    GatewayTcp,
    GatewayView,
    PassthroughRoute,
    PortRoutes,
    Protocol,
    ServerTls,
    TcpRoute,
)
from convoy.xds.build.gateway_plan import plan_gateway_listeners, plan_gateway_routes
from convoy.xds.build.listeners_gateway import build_gateway_listener
from convoy.xds.build.packing import packed

OWN = ServerTls((CredentialKey("ns", "web"),))
APP = key("app")


def table(name: str) -> PortRoutes:
    return routes(host(name, domains=[name]), port=443)


def https(name: str, *hosts: str, port: int = 8443, tls: ServerTls = OWN) -> GatewayHttps:
    return GatewayHttps(port, table(name), f"443.{name}.web.ns", hosts or ("*",), tls)


def listeners(view: GatewayView) -> dict[str, listener_v3.Listener]:
    plans = plan_gateway_listeners(view)
    return {plan.name: build_gateway_listener(plan, "/sds") for plan in plans}


def only(view: GatewayView) -> listener_v3.Listener:
    (found,) = listeners(view).values()
    return found


def tls_of(listener: listener_v3.Listener) -> tls_v3.DownstreamTlsContext:
    context = tls_v3.DownstreamTlsContext()
    listener.filter_chains[0].transport_socket.typed_config.Unpack(context)
    return context


def test_servers_of_one_port_are_chains_of_one_listener() -> None:
    view = parts.gateway_view(
        upstream(APP),
        https=(https("a", "a.test"), https("rest")),
        tcp=(GatewayTcp(8443, TcpRoute("0.0.0.0", 8443, to(APP), ("b.test", "c.test"))),),
        passthrough=(GatewayPassthrough(8443, (PassthroughRoute(("outbound_.1_._.x",), APP),)),),
    )
    listener = only(view)
    assert listener.name == "0.0.0.0_8443"
    assert [
        (chain.name, list(chain.filter_chain_match.server_names)) for chain in listener.filter_chains
    ] == [
        ("https.443.a.web.ns", ["a.test"]),
        ("https.443.rest.web.ns", []),
        ("0.0.0.0_8443_b.test", ["b.test", "c.test"]),
        ("outbound|9080||app.default.svc.cluster.local", ["outbound_.1_._.x"]),
    ]
    assert {chain.filter_chain_match.transport_protocol for chain in listener.filter_chains} == {"tls"}
    assert [bool(chain.filter_chain_match.application_protocols) for chain in listener.filter_chains] == [
        False,
        False,
        False,
        True,
    ]


def test_only_ports_that_are_told_apart_by_sni_are_inspected() -> None:
    plain = parts.gateway_view(http=(GatewayHttp(8080, table("a")),))
    assert (
        list(only(plain).listener_filters),
        len(only(parts.gateway_view(https=(https("a"),))).listener_filters),
    ) == (
        [],
        1,
    )


def test_a_listener_is_the_same_whatever_its_routes_are() -> None:
    one, other = https("a", "a.test"), GatewayHttps(8443, table("z"), "443.a.web.ns", ("a.test",), OWN)
    plans = [plan_gateway_listeners(parts.gateway_view(https=(each,))) for each in (one, other)]
    assert plans[0] == plans[1]


def test_routes_have_the_names_of_their_servers() -> None:
    view = parts.gateway_view(
        http=(GatewayHttp(8080, table("a")), GatewayHttp(0, table("u"), bind="/run/u")),
        https=(https("b"), GatewayHttps(8443, table("c"), "443.c.web.ns", ("*",), OWN, bind="10.0.0.1")),
    )
    assert [each.name for each in plan_gateway_routes(view)] == [
        "http.0./run/u",
        "http.8080",
        "https.443.b.web.ns",
        "https.443.c.web.ns.10.0.0.1",
    ]


@pytest.mark.parametrize(("bind", "name"), [("/run/u", "/run/u"), ("@u", "@u")])
def test_a_unix_socket_is_bound_by_its_path(bind: str, name: str) -> None:
    listener = only(parts.gateway_view(http=(GatewayHttp(0, table("a"), bind=bind),)))
    assert (listener.name, listener.address.pipe.path) == (name, bind)


def test_requests_may_speak_http_2_and_bytes_choose_nothing() -> None:
    bytes_port = GatewayTcp(8443, TcpRoute("0.0.0.0", 8443, to(APP), ("a.test",)), tls=OWN)
    alpn = [
        list(tls_of(only(view)).common_tls_context.alpn_protocols)
        for view in (parts.gateway_view(https=(https("a"),)), parts.gateway_view(tcp=(bytes_port,)))
    ]
    assert alpn == [["h2", "http/1.1"], []]


def test_nobody_is_called_before_tls_is_established() -> None:
    route = TcpRoute("0.0.0.0", 8443, to(APP), ("a.test",))
    modes = []
    for tls in (OWN, None):
        listener = only(parts.gateway_view(tcp=(GatewayTcp(8443, route, tls=tls),)))
        proxy = tcp_proxy_v3.TcpProxy()
        listener.filter_chains[0].filters[-1].typed_config.Unpack(proxy)
        modes.append(proxy.upstream_connect_mode)
    assert modes == [
        tcp_proxy_v3.UpstreamConnectMode.ON_DOWNSTREAM_TLS_HANDSHAKE,
        tcp_proxy_v3.UpstreamConnectMode.IMMEDIATE,
    ]


def test_bytes_to_a_sniffed_port_say_that_they_are_bytes() -> None:
    route = GatewayTcp(9000, TcpRoute("0.0.0.0", 9000, to(APP)))
    for protocol, count in ((Protocol.TCP, 1), (Protocol.AUTO, 2)):
        listener = only(parts.gateway_view(upstream(APP, protocol=protocol), tcp=(route,)))
        assert len(listener.filter_chains[0].filters) == count


@pytest.mark.parametrize(
    ("client", "is_required", "validates"),
    [
        (ClientProof.NONE, False, False),
        (ClientProof.OPTIONAL, False, True),
        (ClientProof.REQUIRED, True, True),
    ],
)
def test_clients_prove_what_the_mode_says(client: ClientProof, is_required: bool, validates: bool) -> None:
    own = CredentialKey("ns", "web")
    context = tls_of(only(parts.gateway_view(https=(https("a", tls=ServerTls((own,), client, own)),))))
    common = context.common_tls_context
    assert context.require_client_certificate.value is is_required
    assert common.HasField("combined_validation_context") is validates
    assert [each.name for each in common.tls_certificate_sds_secret_configs] == ["kubernetes://ns/web"]
    if validates:
        sds = common.combined_validation_context.validation_context_sds_secret_config
        assert sds.name == "kubernetes://ns/web-cacert"


def test_the_meshs_own_identity_is_read_from_the_agents_folder() -> None:
    mesh = ServerTls(client=ClientProof.REQUIRED, trust_domains=("td",), subject_alt_names=("spiffe://td/x",))
    context = tls_of(only(parts.gateway_view(https=(https("a", tls=mesh),)))).common_tls_context
    (config,) = context.tls_certificate_sds_secret_configs
    assert config.sds_config.path_config_source.path == "/sds/default.yaml"
    matchers = context.combined_validation_context.default_validation_context.match_typed_subject_alt_names
    assert [each.matcher.exact for each in matchers] == ["spiffe://td/x"]


def test_grpc_web_is_understood_where_a_server_says_so() -> None:
    plain, web = (
        only(parts.gateway_view(http=(GatewayHttp(8080, table("a"), is_grpc_web=each),)))
        for each in (False, True)
    )
    assert b"grpc_web" not in packed(plain).value
    assert b"grpc_web" in packed(web).value
