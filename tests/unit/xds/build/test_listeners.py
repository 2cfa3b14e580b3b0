"""Facts about listeners as Envoy gets them."""

import pytest
from envoy.config.listener.v3 import listener_pb2 as listener_v3
from tests.kit import parts
from tests.kit.parts import host, key, routes, to, upstream

from convoy.api.istio.peer_authentication import MtlsMode
from convoy.mesh.model import InboundPart, Protocol, SniffedRoute, TcpRoute
from convoy.xds.build.gateway_plan import GatewayListener
from convoy.xds.build.listeners_gateway import build_gateway_listener
from convoy.xds.build.listeners_inbound import build_virtual_inbound
from convoy.xds.build.listeners_outbound import build_outbound_listener, build_virtual_outbound
from convoy.xds.build.outbound_plan import plan_listeners, plan_routes

FOLDER = "/somewhere/sds"


def filters(listener: listener_v3.Listener) -> list[str]:
    return [each.name.rpartition(".")[2] for each in listener.listener_filters]


@pytest.mark.parametrize(
    ("allows_any", "name"), [(True, b"PassthroughCluster"), (False, b"BlackHoleCluster")]
)
def test_unknown_addresses_go_where_the_mesh_says(allows_any: bool, name: bytes) -> None:
    listener = build_virtual_outbound(allows_any)
    assert name in listener.default_filter_chain.filters[0].typed_config.value
    assert listener.use_original_dst.value


def test_bytes_are_not_inspected() -> None:
    [plan] = plan_listeners(parts.sidecar_view(tcp=(TcpRoute("10.0.0.1", 5432, to(key("db", 5432))),)))
    assert filters(build_outbound_listener(plan)) == []


def test_http_waits_for_its_first_bytes_without_limit() -> None:
    [plan] = plan_listeners(parts.sidecar_view(http=(routes(host("reviews")),)))
    listener = build_outbound_listener(plan)
    assert listener.listener_filters_timeout.seconds == 0
    assert not listener.continue_on_listener_filters_timeout
    assert not listener.bind_to_port.value


def test_http_and_bytes_on_one_port_share_a_listener() -> None:
    view = parts.sidecar_view(
        http=(routes(host("reviews")),), tcp=(TcpRoute("0.0.0.0", 9080, to(key("db"))),)
    )
    [plan] = plan_listeners(view)
    assert (plan.routes, plan.destinations) == ("9080", to(key("db")))


def test_undeclared_hosts_without_an_address_join_the_routes_of_their_port() -> None:
    sniffed = SniffedRoute("0.0.0.0", 9080, routes(host("any")), to(key("any")))
    [table] = plan_routes(parts.sidecar_view(http=(routes(host("reviews")),), sniffed=(sniffed,)))
    assert [each.host.split(".")[0] for each in table.routes.hosts] == ["any", "reviews"]


def test_only_bytes_to_undeclared_ports_override_the_alpn() -> None:
    declared, undeclared = key("db", 5432), key("any", 7000)
    view = parts.sidecar_view(
        upstream(declared, protocol=Protocol.TCP),
        upstream(undeclared, protocol=Protocol.AUTO),
        tcp=(TcpRoute("10.0.0.1", 5432, to(declared)),),
        sniffed=(SniffedRoute("10.0.0.1", 7000, routes(host("any")), to(undeclared)),),
    )
    assert [plan.overrides_alpn for plan in plan_listeners(view)] == [False, True]


@pytest.mark.parametrize("port", [15001, 15006])
def test_a_service_cannot_take_envoy_s_own_ports(port: int) -> None:
    assert plan_listeners(parts.sidecar_view(http=(routes(port=port),))) == ()


def test_inbound_has_no_chain_that_takes_what_a_port_refused() -> None:
    assert not inbound((9080, Protocol.HTTP, MtlsMode.STRICT)).HasField("default_filter_chain")


def test_ports_that_need_no_inspection_are_left_alone() -> None:
    listener = inbound((5432, Protocol.TCP, MtlsMode.DISABLE), (9080, Protocol.HTTP, MtlsMode.STRICT))
    tls, http = listener.listener_filters[1:]
    assert tls.filter_disabled.destination_port_range.start == 5432
    assert [rule.destination_port_range.start for rule in http.filter_disabled.or_match.rules] == [5432, 9080]


def test_inbound_without_a_trust_domain_is_a_fault() -> None:
    part = InboundPart((), MtlsMode.STRICT, (), (), None)
    with pytest.raises(ValueError, match="at least one"):
        build_virtual_inbound(part, FOLDER)


def test_a_gateway_port_without_routes_is_a_fault() -> None:
    with pytest.raises(ValueError, match="15443"):
        build_gateway_listener(GatewayListener("0.0.0.0", 15443, ()), FOLDER)


def inbound(*ports: tuple[int, Protocol, MtlsMode]) -> listener_v3.Listener:
    return build_virtual_inbound(parts.inbound(*ports), FOLDER)
