"""What ServiceEntries mean: resolutions, addresses, several entries for one host."""

from typing import Any

import pytest
from tests.unit.mesh.objects import (
    entry,
    gateway,
    gateway_pod,
    istio,
    names,
    passthrough_server,
    pod,
    resolve,
    service,
    sidecars,
    upstream,
)

from convoy.agent.settings import ADMIN_PORT
from convoy.api.meta import Hostname
from convoy.mesh.model import EndpointKey, MeshSnapshot, Resolution, TlsMode

CALLER = pod("caller", "198.18.1.200")
STRANGER = pod("stranger", "198.18.2.200", namespace="other")
HOST = "a.example.com"


def addresses(snapshot: MeshSnapshot, host: str = HOST, port: int = 9080, rank: int = 0) -> list[str]:
    return [one.address for one in snapshot.endpoints[EndpointKey(Hostname(host), port, rank)]]


def static(*listed: str, **more: Any) -> dict[str, Any]:
    return entry(HOST, resolution="STATIC", endpoints=[{"address": one} for one in listed], **more)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NONE", Resolution.ORIGINAL_DST),
        ("STATIC", Resolution.ENDPOINTS),
        ("DNS", Resolution.DNS),
        ("DNS_ROUND_ROBIN", Resolution.LOGICAL_DNS),
    ],
)
def test_resolution_says_how_endpoints_are_found(written: str, meant: Resolution) -> None:
    assert upstream(resolve(CALLER, entry(HOST, resolution=written)), HOST).resolution is meant


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"])
def test_no_entry_leads_proxies_to_their_own_administration(address: str) -> None:
    assert _led_to("STATIC", {"address": address, "ports": {"http": ADMIN_PORT}}) == []
    assert _led_to("STATIC", {"address": address}) == [address]
    assert _led_to("STATIC", {"address": "198.18.9.9", "ports": {"http": ADMIN_PORT}}) == ["198.18.9.9"]


def test_no_name_leads_proxies_to_their_own_administration() -> None:
    """Whose name it is says to which addresses it resolves."""
    assert _led_to("DNS", {"address": "home.example.com", "ports": {"http": ADMIN_PORT}}) == []
    assert _led_to("DNS", {"address": "home.example.com"}) == ["home.example.com"]


def _led_to(resolution: str, *endpoints: dict[str, Any]) -> list[str]:
    return addresses(resolve(CALLER, entry(HOST, resolution=resolution, endpoints=list(endpoints))))


def test_wildcard_hosts_may_be_resolved_when_somebody_names_one() -> None:
    snapshot = resolve(CALLER, entry("*.example.com", resolution="DYNAMIC_DNS", location="MESH_EXTERNAL"))
    found = upstream(snapshot, "*.example.com")
    assert (found.resolution, found.dns_endpoints) == (Resolution.DYNAMIC_DNS, ())
    assert names(snapshot) == {}


def test_no_address_is_given_where_nobody_would_be() -> None:
    assert names(resolve(CALLER, entry(HOST, resolution="NONE"))) == {}
    off = {"networking.istio.io/enable-autoallocate-ip": "False"}
    assert names(resolve(CALLER, entry(HOST, labels=off))) == {}
    (given,) = names(resolve(CALLER, entry(HOST)))[HOST]
    assert given.startswith("240.240.")


def test_networks_are_kept_apart_from_addresses() -> None:
    listed = ["10.0.0.0/8", "10.1.1.1/32", "10.1.1.2", "2001:db8::/32"]
    snapshot = resolve(CALLER, entry(HOST, resolution="NONE", addresses=listed))
    found = snapshot.services[Hostname(HOST)]
    assert found.vips == ("10.1.1.1", "10.1.1.2")
    assert found.subnets == ("10.0.0.0/8", "2001:db8::/32")
    assert names(snapshot) == {HOST: ("10.1.1.1", "10.1.1.2")}


def test_target_port_without_endpoints_replaces_the_one_that_was_dialled() -> None:
    ports = [{"number": 9080, "name": "http", "protocol": "HTTP", "targetPort": 80}]
    assert upstream(resolve(CALLER, entry(HOST, resolution="NONE", ports=ports)), HOST).override_port == 80
    assert upstream(resolve(CALLER, entry(HOST, resolution="NONE")), HOST).override_port == 0
    assert upstream(resolve(CALLER, entry(HOST, ports=ports)), HOST).override_port == 0


def test_nobody_that_the_mesh_knows_is_met_with_mutual_tls() -> None:
    assert upstream(resolve(CALLER, entry(HOST, resolution="NONE")), HOST).tls.mode is TlsMode.DISABLE


def test_a_gateway_chooses_among_names_but_not_among_addresses_that_nobody_dialled() -> None:
    gateway = gateway_pod()
    bound = {"gateways": ["istio-system/public"]}
    public = istio(
        "Gateway",
        "public",
        {
            "selector": {"istio": "gateway"},
            "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
        },
        namespace="istio-system",
    )
    route = {"route": [{"destination": {"host": HOST}}]}
    found = {}
    for written in ("NONE", "DNS_ROUND_ROBIN"):
        rule = istio("VirtualService", "a", {"hosts": ["x.example.com"], "http": [route], **bound})
        snapshot = resolve(gateway, public, rule, entry(HOST, resolution=written))
        (view,) = snapshot.gateway_views.values()
        found[written] = [one.resolution for one in view.upstreams]
    assert found == {"NONE": [Resolution.ENDPOINTS], "DNS_ROUND_ROBIN": [Resolution.LOGICAL_DNS]}


class TestSeveralForOneHost:
    def test_entries_of_one_namespace_are_one_service(self) -> None:
        two = [{"number": 9081, "name": "tcp", "protocol": "TCP"}]
        snapshot = resolve(
            CALLER,
            static("10.0.0.1", name="a", age=3, addresses=["240.0.0.1"]),
            static("10.0.0.2", name="b", age=2, addresses=["240.0.0.2"]),
            static("10.0.0.3", name="c", age=1, ports=two),
        )
        assert [port.number for port in snapshot.services[Hostname(HOST)].ports] == [9080, 9081]
        assert addresses(snapshot) == ["10.0.0.1", "10.0.0.2"]
        assert addresses(snapshot, port=9081) == ["10.0.0.3"]
        assert names(snapshot)[HOST] == ("240.0.0.1", "240.0.0.2")

    def test_the_older_entry_says_what_a_shared_port_is(self) -> None:
        tcp = [{"number": 9080, "name": "tcp", "protocol": "TCP", "targetPort": 1}]
        snapshot = resolve(
            CALLER, static("10.0.0.1", name="a", age=1), static("10.0.0.2", name="b", age=2, ports=tcp)
        )
        (port,) = snapshot.services[Hostname(HOST)].ports
        assert port.name == "tcp"
        found = snapshot.endpoints[EndpointKey(Hostname(HOST), 9080)]
        assert [(one.address, one.port) for one in found] == [("10.0.0.1", 9080), ("10.0.0.2", 1)]

    def test_entries_that_are_found_otherwise_stay_apart(self) -> None:
        snapshot = resolve(CALLER, static("10.0.0.1", name="a", age=2), entry(HOST, name="b", age=1))
        assert upstream(snapshot, HOST).resolution is Resolution.ENDPOINTS
        assert addresses(snapshot) == ["10.0.0.1"]
        assert addresses(snapshot, rank=1) == [HOST]

    def test_each_namespace_sees_its_own_before_everybodys(self) -> None:
        snapshot = resolve(
            CALLER,
            STRANGER,
            static("10.0.0.9", name="all", age=9, namespace="third"),
            static("10.0.0.1", name="own", exportTo=["."]),
            static("10.0.0.2", name="own", exportTo=["."], namespace="other"),
        )
        seen = {}
        for view in snapshot.sidecar_views.values():
            (found,) = view.upstreams
            assigned = snapshot.assignment(view.key, found.key)
            assert assigned is not None
            seen[view.key.namespace] = [one.address for one in assigned.endpoints]
        assert seen == {"default": ["10.0.0.1"], "other": ["10.0.0.2"]}

    def test_a_kubernetes_service_comes_before_all_of_them(self) -> None:
        host = "reviews.default.svc.cluster.local"
        own = entry(host, resolution="STATIC", exportTo=["."], endpoints=[{"address": "10.0.0.1"}])
        snapshot = resolve(CALLER, own, service("reviews", 9080), pod("reviews", "198.18.1.1"))
        assert addresses(snapshot, host) == ["198.18.1.1"]

    def test_of_several_names_where_one_is_possible_the_oldest_counts(self) -> None:
        def named(name: str, age: int) -> dict[str, Any]:
            listed = [{"address": f"{name}.example.com"}]
            return entry(HOST, name=name, age=age, resolution="DNS_ROUND_ROBIN", endpoints=listed)

        snapshot = resolve(CALLER, named("young", 1), named("old", 2))
        assert addresses(snapshot) == ["old.example.com"]

    def test_order_of_equally_old_entries_does_not_matter(self) -> None:
        listed = [static(f"10.0.0.{number}", name=f"e{number}") for number in range(1, 5)]
        assert resolve(CALLER, *listed) == resolve(CALLER, *reversed(listed))


def test_sockets_are_endpoints_without_a_port() -> None:
    snapshot = resolve(CALLER, static("unix:///var/run/app.sock"))
    (found,) = snapshot.endpoints[EndpointKey(Hostname(HOST), 9080)]
    assert (found.address, found.port) == ("/var/run/app.sock", 0)


def test_every_wildcard_and_address_of_an_entry_is_routed() -> None:
    snapshot = resolve(
        CALLER, entry("*.example.com", addresses=["240.0.0.1"], endpoints=[{"address": "gw.x"}])
    )
    (ports,) = sidecars(snapshot).http
    assert [host.domains for host in ports.hosts] == [("*.example.com", "240.0.0.1")]
    assert names(snapshot) == {"*.example.com": ("240.0.0.1",)}


def test_gateways_pass_nothing_on_to_wildcard_hosts() -> None:
    server = passthrough_server("*.example.com")
    gateways = (gateway_pod(), gateway("crossing", server))
    wild = entry("*.example.com", endpoints=[{"address": "10.0.0.1"}])
    (view,) = resolve(*gateways, wild, entry(HOST)).gateway_views.values()
    assert [upstream.key.hostname for upstream in view.upstreams] == [HOST]


def test_weights_that_no_proxy_could_add_up_keep_their_shares() -> None:
    most = 2**32 - 1
    listed = [{"address": f"10.0.0.{number}", "weight": most // number} for number in (1, 2, 4)]
    snapshot = resolve(CALLER, entry(HOST, resolution="STATIC", endpoints=listed))
    weights = [one.weight for one in snapshot.endpoints[EndpointKey(Hostname(HOST), 9080)]]
    assert sum(weights) <= most
    assert [round(weights[0] / weight, 6) for weight in weights] == [1, 2, 4]


def test_a_socket_with_too_long_a_path_is_left_out() -> None:
    snapshot = resolve(CALLER, static("unix:///" + "a" * 107))
    assert snapshot.endpoints[EndpointKey(Hostname(HOST), 9080)] == ()
