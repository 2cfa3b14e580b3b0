"""Servers that share a TLS port: requests, bytes, connections that are passed on, told apart by their SNI."""

from collections import Counter

import msgspec
from tests.traffic.fields import fields
from tests.traffic.gateway.objects import (
    TLS_PORT,
    gateway,
    https,
    pair,
    route,
    rules,
    secret,
    server,
    subsets,
    tcp_route,
    tls_route,
    workload,
)
from tests.traffic.lab import TRAFFIC, Lab, Tls
from tests.traffic.shares import assert_shares

pytestmark = TRAFFIC


def url(host: str, port: int = TLS_PORT) -> str:
    return f"https://{host}:{port}/"


def certificate(lab: Lab, *names: str) -> str:
    return secret("a", pair(lab.ca.issue(dns=names or ("a.test",))))


@fields(
    "Gateway",
    "servers.hosts",
    "servers.port.name",
    "servers.tls.mode = PASSTHROUGH",
)
async def test_each_sni_goes_to_its_own_server(lab: Lab) -> None:
    servers = (
        https("a.test", credentialName="a", name="requests"),
        server("TLS", "b.test", name="bytes", tls={"mode": "SIMPLE", "credentialName": "a"}),
        server("TLS", "*.outside.test", name="unopened", tls={"mode": "PASSTHROUGH"}),
    )
    made = (
        gateway(*servers),
        certificate(lab, "a.test", "b.test"),
        route("a.test"),
        tcp_route("b.test", name="bytes"),
        tls_route("x.outside.test", name="unopened"),
    )
    trusting = Tls(ca=lab.ca.root_pem)
    async with lab.applied(*made):
        requests = await lab.gateway(url("a.test"), tls=trusting)
        line = await lab.gateway_line(TLS_PORT, tls=msgspec.structs.replace(trusting, sni="b.test"))
        unopened = await lab.gateway(url("x.outside.test"), tls=trusting)
        unknown = await lab.gateway(url("y.outside.test"), tls=Tls())
        plain = await lab.gateway_line(TLS_PORT)
    assert (requests.status, requests.server) == (200, ("a.test", "b.test"))
    assert line.endswith(" hello")
    assert (unopened.seen.sni, "*.outside.test" in unopened.server) == ("x.outside.test", True)
    assert unknown.status == 0
    assert plain == ""


async def test_a_server_for_every_host_takes_what_no_other_has(lab: Lab) -> None:
    servers = (https("*", credentialName="any", name="any"), https("a.test", credentialName="a", name="one"))
    any_host = secret("any", pair(lab.ca.issue(dns=("any.test",))))
    async with lab.applied(gateway(*servers), route(), certificate(lab), any_host):
        found = [(await lab.gateway(url(host), tls=Tls())).server for host in ("a.test", "b.test")]
    assert found == [("a.test",), ("any.test",)]


async def test_of_two_servers_with_one_host_the_first_counts(lab: Lab) -> None:
    second = secret("b", pair(lab.ca.issue(dns=("a.test", "b.test"))))
    servers = (
        https("a.test", credentialName="a", name="first"),
        https("a.test", "b.test", credentialName="b", name="second"),
    )
    async with lab.applied(gateway(*servers), route(), certificate(lab), second, clean=False) as problems:
        found = [(await lab.gateway(url(host), tls=Tls())).server for host in ("a.test", "b.test")]
    assert found == [("a.test",), ("a.test", "b.test")]
    assert [(each["code"], each["field"]) for each in problems if each["level"] == "error"] == [
        ("CVY0244", "spec.servers[1].hosts")
    ]


async def test_plain_requests_hold_back_tls_on_their_port(lab: Lab) -> None:
    servers = (server("HTTP", port=8000), https("a.test", port=8000, credentialName="a"))
    async with lab.applied(gateway(*servers), route(), certificate(lab), clean=False) as problems:
        found = [(await lab.gateway(f"{scheme}://a.test:8000/", tls=Tls())).status for scheme in SCHEMES]
    assert found == [200, 0]
    assert [each["code"] for each in problems if each["level"] == "error"] == ["CVY0243"]


SCHEMES = ("http", "https")


async def test_connections_that_are_passed_on_are_shared_by_weight(lab: Lab) -> None:
    shares = [
        {"destination": {"host": "echo.default.svc.cluster.local", "subset": each}, "weight": weight}
        for each, weight in (("v1", 25), ("v2", 75))
    ]
    for one in shares:
        one["destination"]["port"] = {"number": 8443}
    rule = {"match": [{"sniHosts": ["tls.test"]}], "route": shares}
    made = (
        gateway(server("TLS", "tls.test", tls={"mode": "PASSTHROUGH"})),
        rules("tls", [rule], "tls.test"),
        subsets(),
    )
    async with lab.applied(*made):
        found = Counter([(await lab.gateway(url("tls.test"), tls=Tls())).pod for _ in range(60)])
    assert_shares(found, {"echo-v1": 25, "echo-v2": 75})


@fields("Gateway", "servers.tls.mode = AUTO_PASSTHROUGH")
async def test_mutual_tls_of_the_mesh_is_passed_on_by_the_name_of_a_service(lab: Lab) -> None:
    servers = (
        server("TLS", "*.local", name="auto", tls={"mode": "AUTO_PASSTHROUGH"}),
        https("a.test", credentialName="a"),
    )
    sni = "outbound_.8000_._.echo.default.svc.cluster.local"
    crossing = Tls(sni=sni, client=workload(lab), alpn=("istio-http/1.1", "istio"))
    async with lab.applied(gateway(*servers), route(), certificate(lab)):
        own = await lab.gateway(url("a.test"), tls=Tls())
        crossed = await lab.gateway(url("echo.default"), tls=crossing)
    assert own.server == ("a.test",)
    assert [name for name in crossed.server if name.startswith("spiffe://cluster.local/ns/default/sa/echo-v")]
    assert crossed.status == 200
