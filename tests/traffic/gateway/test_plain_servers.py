"""Servers without TLS: requests and bytes, where they listen, and requests that are sent to ask with TLS."""

import pytest
from tests.traffic import world
from tests.traffic.fields import fields
from tests.traffic.gateway.objects import TCP_PORT, gateway, route, rules, server, subsets, tcp_route
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

PINNED = "198.18.1.3"


@fields("Gateway", "servers.port.protocol", "servers.port.number")
@pytest.mark.parametrize("protocol", ["HTTP", "HTTP2", "GRPC"])
async def test_requests_are_routed_whatever_http_is_called(lab: Lab, protocol: str) -> None:
    async with lab.applied(gateway(server(protocol, port=8000)), route()):
        assert (await lab.gateway("http://a.test:8000/x")).seen.path == "/x"


@fields("Gateway", "servers.port.protocol")
@pytest.mark.parametrize("protocol", ["TCP", "MONGO"])
async def test_bytes_are_passed_on_as_tcp_rules_say(lab: Lab, protocol: str) -> None:
    async with lab.applied(gateway(server(protocol)), tcp_route()):
        assert (await lab.gateway_line(TCP_PORT)).endswith(" hello")
    async with lab.applied(gateway(server(protocol)), route()):
        assert await lab.gateway_line(TCP_PORT) == ""


async def test_calls_of_grpc_web_become_those_of_grpc(lab: Lab) -> None:
    headers = {"content-type": "application/grpc-web", "x-grpc-web": "1"}
    frame = b"\x00\x00\x00\x00\x05hello"
    answers = {}
    for protocol in ("GRPC-WEB", "HTTP"):
        async with lab.applied(gateway(server(protocol, port=8000)), route(port=world.GRPC)):
            answers[protocol] = await lab.gateway(
                "http://a.test:8000/lab.Echo/Say", method="POST", headers=headers, body=frame
            )
    assert b"grpc-status:0" in answers["GRPC-WEB"].body
    assert answers["GRPC-WEB"].headers["content-type"].startswith("application/grpc-web")
    assert b"grpc-status:0" not in answers["HTTP"].body


@fields("Gateway", "servers.hosts")
async def test_hosts_say_whose_rules_count(lab: Lab) -> None:
    servers = (
        server("HTTP", "default/a.test", "./b.test", "other/c.test", "*.wild.test", name="one"),
        server("HTTP", "*/d.test", name="two"),
    )
    hosts = ("a.test", "b.test", "c.test", "x.wild.test", "d.test", "wild.test")
    async with lab.applied(gateway(*servers), route("*")):
        found = [(await lab.gateway(f"http://{host}/")).status for host in hosts]
    assert found == [200, 404, 404, 200, 200, 404]


async def test_rules_name_gateways_in_every_spelling(lab: Lab) -> None:
    made = (
        gateway(server("HTTP"), name="here", namespace="default"),
        route("a.test", name="a", gateways=("here",)),
        route("b.test", name="b", gateways=("default/here",)),
        route("c.test", name="c", gateways=("here.default.svc.cluster.local",)),
        route("d.test", name="d", gateways=("istio-system/here",)),
    )
    async with lab.applied(*made, clean=False):
        found = [(await lab.gateway(f"http://{each}.test/")).status for each in "abcd"]
    assert found == [200, 200, 200, 404]


async def test_without_rules_every_request_is_answered_with_404(lab: Lab) -> None:
    async with lab.applied(gateway(server("HTTP"))):
        assert (await lab.gateway("http://a.test/")).status == 404


async def test_gateways_share_a_port(lab: Lab) -> None:
    made = (
        gateway(server("HTTP", "a.test"), name="one", namespace="default"),
        gateway(server("HTTP", "b.test"), name="two", namespace="other"),
        route(gateways=("default/one", "other/two")),
    )
    async with lab.applied(*made):
        found = [(await lab.gateway(f"http://{each}.test/")).status for each in "abc"]
    assert found == [200, 200, 404]


@fields("Gateway", "selector")
async def test_only_selected_gateways_listen(lab: Lab) -> None:
    for selector, status in (({"istio": "another"}, 0), ({"istio": "ingressgateway"}, 200), ({}, 200)):
        async with lab.applied(gateway(server("HTTP", port=8000), selector=selector), route()):
            assert (await lab.gateway("http://a.test:8000/")).status == status


@fields("Gateway", "servers.tls.httpsRedirect")
async def test_plain_requests_are_sent_to_ask_with_tls(lab: Lab) -> None:
    servers = (
        server("HTTP", "a.test", "b.test", name="sent", tls={"httpsRedirect": True}),
        server("HTTP", "c.test", name="plain"),
    )
    async with lab.applied(gateway(*servers), route("a.test", "c.test")):
        found = [await lab.gateway(f"http://{each}.test/x?y=1") for each in "abc"]
    assert [answer.status for answer in found] == [301, 301, 200]
    assert [answer.headers.get("location") for answer in found[:2]] == [
        "https://a.test/x?y=1",
        "https://b.test/x?y=1",
    ]


@fields("Gateway", "servers.bind")
async def test_an_address_is_listened_on_alone(lab: Lab) -> None:
    async with lab.applied(gateway(server("HTTP", port=8000, bind="127.0.0.1")), route()):
        assert (await lab.gateway("http://a.test:8000/")).status == 0
        assert (await lab.get("istio-ingressgateway", "http://a.test:8000/", at="127.0.0.1")).status == 200
    async with lab.applied(gateway(server("HTTP", port=8000, bind=PINNED)), route()):
        assert (await lab.gateway("http://a.test:8000/")).status == 200


@fields("Gateway", "servers.bind")
async def test_a_unix_socket_is_listened_on(lab: Lab) -> None:
    made = (gateway(unix_server("unix:///tmp/front.sock")), route())
    asking = ["python3", "-c", ASK_UNIX, "/tmp/front.sock"]
    async with lab.applied(*made):
        found = await lab.local.world.exec("lab", "istio-system", "istio-ingressgateway", asking)
    assert found.stdout.startswith(b"HTTP/1.1 200")


def unix_server(bind: str) -> dict[str, object]:
    return {"port": {"number": 0, "name": "unix", "protocol": "HTTP"}, "bind": bind, "hosts": ["*"]}


ASK_UNIX = """
import socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.settimeout(10)
sock.connect(sys.argv[1])
sock.sendall(b"GET / HTTP/1.1\\r\\nhost: a.test\\r\\nconnection: close\\r\\n\\r\\n")
print(sock.recv(64).decode())
"""


async def test_bytes_are_shared_by_weight_and_matched_by_port(lab: Lab) -> None:
    to = [
        {"destination": {"host": "echo.default.svc.cluster.local", "subset": "v2", "port": {"number": 9000}}}
    ]
    other = [
        {"destination": {"host": "echo.default.svc.cluster.local", "subset": "v1", "port": {"number": 9000}}}
    ]
    listed = [{"match": [{"port": 1}], "route": other}, {"match": [{"port": TCP_PORT}], "route": to}]
    async with lab.applied(gateway(server("TCP")), rules("tcp", listed), subsets()):
        assert {await lab.gateway_line(TCP_PORT) for _ in range(5)} == {"echo-v2 hello"}


async def test_the_target_port_is_the_services_to_say(lab: Lab) -> None:
    odd = server("HTTP", port=8000)
    odd["port"]["targetPort"] = 8080
    async with lab.applied(gateway(odd), clean=False) as problems:
        assert [each["field"] for each in problems if each["level"] == "error"] == [
            "spec.servers[0].port.targetPort"
        ]
