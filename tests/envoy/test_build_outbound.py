"""What a client's sidecar does with an application's connections: real Envoys on both sides."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.kit import parts
from tests.kit.client_hello import ClientHello, parse_client_hello
from tests.kit.loopback_net import GATEWAY, POD, UNKNOWN_VIP, VIP
from tests.kit.mesh_on_loopback import LoopbackMesh, mesh_on_loopback
from tests.kit.parts import endpoint, host, key, routes, rule, tls, to, upstream

from convoy.api.istio.peer_authentication import MtlsMode
from convoy.mesh.model import (
    Fallback,
    Protocol,
    Resolution,
    SniffedRoute,
    TcpRoute,
    TlsMode,
    Upstream,
)

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="module")]

CALLER = "spiffe://cluster.local/ns/default/sa/caller"
HTTP_PORT, TCP_PORT, AUTO_PORT, AUTO_BYTES_PORT, PLAIN_PORT = 9080, 5432, 7000, 7001, 9081
HELLO_PORT = 7443
"""Where a listener outside the mesh writes down the TLS hellos it gets."""

BY_NAME = {
    "auto": upstream(key("auto"), tls=tls()),
    "mutual": upstream(key("mutual"), tls=tls(TlsMode.MUTUAL)),
    "h2": upstream(key("h2"), tls=tls(), protocol=Protocol.HTTP2),
    "wrong": upstream(key("wrong"), tls=tls(identities=["spiffe://cluster.local/ns/default/sa/ratings"])),
    "disabled": upstream(key("disabled")),
    "gone": upstream(key("gone"), tls=tls()),
}
PLAIN = upstream(key("plain", PLAIN_PORT), tls=tls())
TCP = upstream(key("db", TCP_PORT), tls=tls(), protocol=Protocol.TCP)
AUTO = upstream(key("any", AUTO_PORT), tls=tls(), protocol=Protocol.AUTO)
AUTO_BYTES = upstream(key("bytes", AUTO_BYTES_PORT), tls=tls(), protocol=Protocol.AUTO)
NAMED = upstream(
    key("named.default.global"),
    resolution=Resolution.DNS,
    tls=tls(TlsMode.MUTUAL),
    dns=[parts.dns_endpoint(POD, HTTP_PORT)],
)


def hello(name: str, port: int, protocol: Protocol) -> Upstream:
    return upstream(key(name, port), protocol=protocol, tls=tls(TlsMode.MUTUAL, sni=f"{name}.sni"))


HELLOS = {
    "hello-http": hello("hello-http", HTTP_PORT, Protocol.HTTP),
    "hello-h2": hello("hello-h2", HTTP_PORT, Protocol.GRPC),
    "hello-tcp": hello("hello-tcp", 7100, Protocol.TCP),
    "hello-auto": hello("hello-auto", 7101, Protocol.AUTO),
}


def view() -> parts.SidecarView:
    return parts.sidecar_view(
        *BY_NAME.values(), PLAIN, TCP, AUTO, AUTO_BYTES, NAMED, *HELLOS.values(),
        http=(
            routes(
                *(host(name) for name in BY_NAME),
                host("named.default.global", rule(NAMED.key)),
                host("hello-http"),
                host("hello-h2"),
                host("nothing", rule()),
                host("dangling", rule(key("nowhere"))),
            ),
            routes(host("plain", port=PLAIN_PORT), port=PLAIN_PORT),
            routes(port=9082, fallback=Fallback.BLOCK),
        ),
        tcp=(
            TcpRoute(VIP, TCP_PORT, to(TCP.key)),
            TcpRoute(VIP, 7100, to(HELLOS["hello-tcp"].key)),
            TcpRoute(VIP, 7102, ()),
        ),
        sniffed=(
            SniffedRoute(VIP, AUTO_PORT, routes(host("any", port=AUTO_PORT), port=AUTO_PORT), to(AUTO.key)),
            SniffedRoute(
                VIP,
                AUTO_BYTES_PORT,
                routes(host("bytes", port=AUTO_BYTES_PORT), port=AUTO_BYTES_PORT),
                to(AUTO_BYTES.key),
            ),
            SniffedRoute(
                VIP, 7101, routes(host("hello-auto", port=7101), port=7101), to(HELLOS["hello-auto"].key)
            ),
        ),
    )  # fmt: skip


def server() -> parts.InboundPart:
    return parts.inbound(
        (HTTP_PORT, Protocol.HTTP, MtlsMode.STRICT),
        (TCP_PORT, Protocol.TCP, MtlsMode.STRICT),
        (AUTO_PORT, Protocol.AUTO, MtlsMode.STRICT),
        (AUTO_BYTES_PORT, Protocol.AUTO, MtlsMode.STRICT),
        (PLAIN_PORT, Protocol.HTTP, MtlsMode.DISABLE),
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoopbackMesh]:
    async with mesh_on_loopback(tmp_path_factory.mktemp("outbound")) as mesh:
        mesh.identify("server", parts.REVIEWS)
        mesh.identify("client", CALLER)
        mesh.serve(
            "server",
            parts.snapshot(parts.workload("server", inbound=server()), sidecars=[parts.sidecar_view()]),
        )
        endpoints = [
            *(parts.assignment(each.key, endpoint(POD)) for name, each in BY_NAME.items() if name != "gone"),
            parts.assignment(PLAIN.key, endpoint(POD, PLAIN_PORT, accepts_mtls=False)),
            *(parts.assignment(each.key, endpoint(POD, each.key.port)) for each in (TCP, AUTO, AUTO_BYTES)),
            *(parts.assignment(each.key, endpoint(GATEWAY, HELLO_PORT)) for each in HELLOS.values()),
        ]
        mesh.serve(
            "client", parts.snapshot(parts.workload("client"), sidecars=[view()], assignments=endpoints)
        )
        for port in (HTTP_PORT, AUTO_PORT, PLAIN_PORT):
            await mesh.net.call("serve_http", address=POD, port=port, name="app")
        for port in (TCP_PORT, AUTO_BYTES_PORT):
            await mesh.net.call("serve_bytes", address=POD, port=port, name="db")
        await mesh.net.call("serve_http", address=UNKNOWN_VIP, port=HTTP_PORT, name="outside")
        await mesh.net.call("serve_bytes", address=UNKNOWN_VIP, port=PLAIN_PORT, name="outside")
        await mesh.net.call("serve_hellos", address=GATEWAY, port=HELLO_PORT)
        await mesh.start_envoy("server")
        await mesh.start_envoy("client")
        yield mesh


async def get(mesh: LoopbackMesh, name: str, port: int = HTTP_PORT, **headers: str) -> dict[str, object]:
    answer: dict[str, object] = await mesh.net.get(
        VIP, port, headers={"host": f"{parts.fqdn(name)}:{port}", **headers}
    )
    return answer


@pytest.mark.parametrize("name", ["auto", "mutual", "h2", "named.default.global"])
async def test_requests_reach_a_strict_server_as_the_caller(mesh: LoopbackMesh, name: str) -> None:
    answer = await mesh.net.get(VIP, HTTP_PORT, headers={"host": f"{parts.fqdn(name)}:{HTTP_PORT}"})
    assert answer["status"] == 200
    assert f"URI={CALLER}" in answer["body"]["headers"]["x-forwarded-client-cert"]


@pytest.mark.parametrize("name", ["wrong", "disabled", "gone", "nothing", "dangling"])
async def test_what_must_not_be_reached_is_answered_503(mesh: LoopbackMesh, name: str) -> None:
    assert (await get(mesh, name))["status"] == 503


async def test_wrong_identity_is_what_keeps_a_caller_away(mesh: LoopbackMesh) -> None:
    stat = f"cluster.{'outbound|9080||wrong.default.svc.cluster.local'}.ssl.fail_verify_san"
    await get(mesh, "wrong")
    said = await mesh.admin("client", "/stats?filter=fail_verify_san")
    assert any(line.startswith(stat) and not line.endswith(" 0") for line in said.splitlines()), said


async def test_an_endpoint_without_a_sidecar_gets_plain_text(mesh: LoopbackMesh) -> None:
    answer = await mesh.net.get(VIP, PLAIN_PORT, headers={"host": parts.fqdn("plain")})
    assert answer["status"] == 200
    assert "x-forwarded-client-cert" not in answer["body"]["headers"]


async def test_an_application_cannot_forge_its_identity(mesh: LoopbackMesh) -> None:
    answer = await mesh.net.get(
        VIP, HTTP_PORT, headers={"host": parts.fqdn("auto"), "x-forwarded-client-cert": "URI=spiffe://forged"}
    )
    assert "forged" not in answer["body"]["headers"]["x-forwarded-client-cert"]


async def test_bytes_reach_a_strict_server(mesh: LoopbackMesh) -> None:
    assert await mesh.net.exchange(VIP, TCP_PORT, "ping") == {"received": "db got ping"}


async def test_http_on_an_undeclared_port_is_http_at_both_ends(mesh: LoopbackMesh) -> None:
    answer = await mesh.net.get(VIP, AUTO_PORT, headers={"host": parts.fqdn("any")})
    # Only an HTTP filter writes this header, so the server's sidecar saw HTTP inside mutual TLS.
    assert f"URI={CALLER}" in answer["body"]["headers"]["x-forwarded-client-cert"]


async def test_bytes_on_an_undeclared_port_are_bytes_at_both_ends(mesh: LoopbackMesh) -> None:
    assert await mesh.net.exchange(VIP, AUTO_BYTES_PORT, "\x01ping") == {"received": "db got \x01ping"}


@pytest.mark.parametrize(
    ("name", "alpn"),
    [("hello-http", ("istio-http/1.1", "istio")), ("hello-h2", ("istio-h2", "istio"))],
)
async def test_requests_offer_the_alpn_of_their_protocol(
    mesh: LoopbackMesh, name: str, alpn: tuple[str, ...]
) -> None:
    await mesh.net.call("hellos")
    await get(mesh, name)
    assert await hellos(mesh) == {ClientHello(f"{name}.sni", alpn)}


@pytest.mark.parametrize(
    ("port", "text", "alpn"),
    [
        (7100, "\x01ping", ("istio",)),
        (7101, "\x01ping", ("istio",)),
        (
            7101,
            "GET / HTTP/1.1\r\nhost: hello-auto.default.svc.cluster.local\r\n\r\n",
            ("istio-http/1.1", "istio"),
        ),
    ],
    ids=["tcp port", "bytes on a sniffed port", "http on a sniffed port"],
)
async def test_connections_offer_the_alpn_of_what_they_carry(
    mesh: LoopbackMesh, port: int, text: str, alpn: tuple[str, ...]
) -> None:
    await mesh.net.call("hellos")
    await mesh.net.exchange(VIP, port, text)
    assert {hello.alpn for hello in await hellos(mesh)} == {alpn}


async def test_unknown_hosts_pass_through(mesh: LoopbackMesh) -> None:
    answer = await mesh.net.get(UNKNOWN_VIP, HTTP_PORT, headers={"host": "outside.example"})
    assert answer["body"]["app"] == "outside"


async def test_bytes_on_an_http_port_pass_through(mesh: LoopbackMesh) -> None:
    answer = await mesh.net.exchange(UNKNOWN_VIP, PLAIN_PORT, "\x01ping")
    assert answer == {"received": "outside got \x01ping"}


async def test_unknown_hosts_are_blocked_where_the_mesh_says_so(mesh: LoopbackMesh) -> None:
    answer = await mesh.net.get(VIP, 9082, headers={"host": "outside.example"})
    assert answer["status"] == 502


async def test_connections_without_a_destination_are_closed(mesh: LoopbackMesh) -> None:
    answer = await mesh.net.exchange(VIP, 7102, "ping")
    assert answer.get("received", "") == ""


async def hellos(mesh: LoopbackMesh) -> set[ClientHello]:
    return {parse_client_hello(bytes.fromhex(record)) for record in await mesh.net.call("hellos")}
