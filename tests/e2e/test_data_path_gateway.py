"""Gateways let in what is listed and nothing else."""

import asyncio
import ssl

import pytest
from tests.e2e.observing import ObservedMesh, becomes
from tests.e2e.playground import HTTP, LINES, MARKS
from tests.e2e.raw import handshake_in_pieces, say

from convoy.ca.issuers import issue_intermediate, new_root
from convoy.cli.pod_traffic import Request, ask_once
from convoy.cli.tls_client import anonymous_context, client_context

pytestmark = MARKS

FAR = "outbound_.8000_._.far.default.global"
INNER = "outbound_.8000_._.inner.other.global"
REQUEST = Request("far.default.global:8000", "/gateway")
PLAIN_REQUEST = b"GET /gateway HTTP/1.1\r\nhost: far.default.global:8000\r\n\r\n"
INSTALLED = "istio-system.yaml"


async def status(mesh: ObservedMesh, sni: str, context: ssl.SSLContext | None = None) -> int:
    return (await mesh.ask_through_gateway(context or mesh.own_context(), sni, REQUEST)).status


@pytest.mark.parametrize("sni", [FAR, FAR.upper(), FAR.replace("far", "FaR"), INNER])
async def test_what_is_listed_passes_in_any_case(playground: ObservedMesh, sni: str) -> None:
    assert await status(playground, sni) == 200


@pytest.mark.parametrize(
    "sni",
    [
        "outbound_.8000_._.secret.default.global",
        "outbound_.8000_._.far.default.svc.cluster.local",
        "outbound_.8000_._.naked.plain.global",
        "outbound_.8002_._.far.default.global",
        "outbound_.15000_._.far.default.global",
        "outbound_.8000_.v9_.far.default.global",
        "outbound_.9080_.v1_.reviews.default.global",
        "outbound_.15012_._.istiod.istio-system.global",
        "outbound_.15012_._.istiod.istio-system.svc.cluster.local",
        "outbound_.80_._.istio-ingressgateway.istio-system.global",
        "outbound_.8000_._.far.default.global.example.com",
        "x.outbound_.8000_._.far.default.global",
        "outbound_.8000_._.global",
        "far.default.global",
        "far.default",
        "198.18.2.31",
        "BlackHoleCluster",
        "PassthroughCluster",
        "xds-grpc",
    ],
)
async def test_what_is_not_listed_gets_nowhere(playground: ObservedMesh, sni: str) -> None:
    before = await playground.seen("far.default", HTTP, cluster="cluster2")
    assert await status(playground, sni) == 0
    assert await playground.seen("far.default", HTTP, cluster="cluster2") == before


def with_alpn(context: ssl.SSLContext, *protocols: str) -> ssl.SSLContext:
    context.set_alpn_protocols(list(protocols))
    return context


async def test_who_does_not_speak_as_the_mesh_does_gets_nowhere(playground: ObservedMesh) -> None:
    foreign = client_context(issue_intermediate(new_root(), "cluster1"))
    refused = [
        anonymous_context(),
        foreign,
        *(with_alpn(playground.own_context(), *each) for each in (("h2",), ("http/1.1", "h2"), ("istiox",))),
    ]
    before = await playground.seen("far.default", HTTP, cluster="cluster2")
    assert [await status(playground, FAR, context) for context in refused] == [0] * len(refused)
    for said in (PLAIN_REQUEST, b"\x16\x03\x01\x00\x05junk!", b"CONNECT far:8000 HTTP/1.1\r\n\r\n"):
        assert await say(playground.dial_gateway, said) == b""
    assert await playground.seen("far.default", HTTP, cluster="cluster2") == before


async def test_a_client_hello_in_pieces_is_the_same(playground: ObservedMesh) -> None:
    async def asked(sni: str) -> bytes:
        sock = await playground.dial_gateway()
        with sock:
            ask = await asyncio.to_thread(
                handshake_in_pieces, playground.own_context(), sock, sni=sni, size=7
            )
            return await asyncio.to_thread(ask, PLAIN_REQUEST)

    assert (await asked(FAR)).startswith(b"HTTP/1.1 200")
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on when the gateway closes
        await asked("outbound_.8000_._.secret.default.global")


async def test_hosts_of_the_gateway_choose_what_may_be_called(playground: ObservedMesh) -> None:
    written = (playground.folder("cluster2") / INSTALLED).read_text()
    admitted = '    - "*.global"\n'
    assert admitted in written

    async def reached() -> tuple[int, int, int]:
        local = FAR.replace(".global", ".svc.cluster.local")
        return await status(playground, FAR), await status(playground, INNER), await status(playground, local)

    for hosts, expected in (
        ("default/*.global", (200, 0, 0)),
        ("other/*", (0, 200, 0)),
        ("*.local", (0, 0, 200)),
        ("inner.other.global", (0, 200, 0)),
    ):
        await playground.change("cluster2", INSTALLED, written.replace(admitted, f'    - "{hosts}"\n'))
        await becomes(expected, reached)
    await playground.change("cluster2", INSTALLED, written)
    await becomes((200, 200, 0), reached)


async def test_bytes_pass_to_ports_that_carry_bytes(playground: ObservedMesh) -> None:
    sock = await playground.dial_gateway()
    sock.settimeout(10)
    context = with_alpn(playground.own_context(), "istio")

    def talk() -> bytes:
        sni = FAR.replace("8000", str(LINES))
        with context.wrap_socket(sock, server_hostname=sni) as secured:
            secured.sendall(b"hello\n")
            return secured.recv(100)

    assert await asyncio.to_thread(talk) == b"far hello\n"


async def test_unknown_paths_and_hosts_are_not_found_at_the_ingress(playground: ObservedMesh) -> None:
    assert (await playground.ask_ingress("/nothing")).status == 404
    assert (await playground.ask_ingress("/productpage/../nothing")).status == 404
    assert (await playground.ask_ingress("/health")).status == 404
    gateway = (playground.folder("cluster1") / "bookinfo-gateway.yaml").read_text()
    narrow = gateway.replace('    hosts:\n    - "*"', "    hosts:\n    - bookinfo.test\n    - echo.test", 1)
    assert narrow != gateway
    await playground.change("cluster1", "bookinfo-gateway.yaml", narrow)

    async def answers() -> list[int]:
        return [
            await at_ingress(playground, host) for host in ("bookinfo.test", "echo.test:80", "echo", "x.test")
        ]

    try:
        await becomes([200, 200, 404, 404], answers)
    finally:
        await playground.change("cluster1", "bookinfo-gateway.yaml", gateway)


async def at_ingress(mesh: ObservedMesh, host: str) -> int:
    dial = mesh.dial_pod("outsider.plain", "198.19.0.11", 80)
    return (await ask_once(dial, Request(host, "/api/v1/products"))).status
