"""What a gateway lets through: a real Envoy in front of a server's real sidecar."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.kit import parts
from tests.kit.loopback_net import GATEWAY, POD, VIP
from tests.kit.mesh_on_loopback import LoopbackMesh, client_tls, mesh_on_loopback
from tests.kit.parts import endpoint, host, key, routes, rule, tls, to, upstream

from convoy.api.istio.peer_authentication import MtlsMode
from convoy.mesh.model import (
    Fallback,
    GatewayHttp,
    GatewayPassthrough,
    InboundPart,
    PassthroughRoute,
    Protocol,
    Resolution,
    SidecarView,
    TcpRoute,
    TlsMode,
)

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="module")]

CALLER = "spiffe://cluster.local/ns/default/sa/caller"
CROSSING, WEB = 15443, 8080
HTTP_PORT, TCP_PORT, TLS_APP_PORT = 9080, 5432, 9443

V2 = key("reviews", HTTP_PORT, "v2", is_passthrough=True)
DB = key("db", TCP_PORT, is_passthrough=True)
TLS_APP = key("tls-app", TLS_APP_PORT, is_passthrough=True)
V2_SNI = "outbound_.9080_.v2_.reviews.default.svc.cluster.local"
V2_GLOBAL_SNI = "outbound_.9080_.v2_.reviews.default.global"
DB_SNI = "outbound_.5432_._.db.default.global"
TLS_APP_SNI = "outbound_.9443_._.tls-app.default.global"
HTTP_ALPN = ["istio-http/1.1", "istio"]


def gateway() -> parts.GatewayView:
    local = key("reviews", HTTP_PORT)
    return parts.gateway_view(
        upstream(local, tls=tls(TlsMode.MUTUAL)), upstream(V2), upstream(DB), upstream(TLS_APP),
        http=(
            GatewayHttp(
                WEB,
                routes(
                    host("book.example", rule(local), port=WEB, domains=["book.example"]),
                    port=WEB,
                    fallback=Fallback.NOT_FOUND,
                ),
            ),
        ),
        passthrough=(
            GatewayPassthrough(
                CROSSING,
                (
                    PassthroughRoute((V2_SNI, V2_GLOBAL_SNI), V2),
                    PassthroughRoute((DB_SNI,), DB),
                    PassthroughRoute((TLS_APP_SNI,), TLS_APP),
                ),
            ),
        ),
    )  # fmt: skip


def client() -> SidecarView:
    """A client in another cluster, which knows the gateway's address only."""
    at_gateway = [parts.dns_endpoint(GATEWAY, CROSSING)]
    v2 = key("reviews.default.global", HTTP_PORT, "v2")
    db = key("db.default.global", TCP_PORT)
    return parts.sidecar_view(
        upstream(v2, resolution=Resolution.DNS, tls=tls(TlsMode.MUTUAL, sni=V2_GLOBAL_SNI), dns=at_gateway),
        upstream(
            db,
            resolution=Resolution.DNS,
            protocol=Protocol.TCP,
            tls=tls(TlsMode.MUTUAL, sni=DB_SNI),
            dns=at_gateway,
        ),
        http=(routes(host("reviews", rule(v2), domains=["reviews"])),),
        tcp=(TcpRoute(VIP, TCP_PORT, to(db)),),
    )


def server() -> InboundPart:
    return parts.inbound(
        (HTTP_PORT, Protocol.HTTP, MtlsMode.PERMISSIVE),
        (TCP_PORT, Protocol.TCP, MtlsMode.STRICT),
        (TLS_APP_PORT, Protocol.TCP, MtlsMode.PERMISSIVE),
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoopbackMesh]:
    async with mesh_on_loopback(tmp_path_factory.mktemp("gateway")) as mesh:
        mesh.identify("server", parts.REVIEWS)
        mesh.identify("client", CALLER)
        mesh.identify("gate", "spiffe://cluster.local/ns/default/sa/gate")
        mesh.serve(
            "server",
            parts.snapshot(parts.workload("server", inbound=server()), sidecars=[parts.sidecar_view()]),
        )
        mesh.serve("client", parts.snapshot(parts.workload("client"), sidecars=[client()]))
        keys = (V2, DB, TLS_APP, key("reviews", HTTP_PORT))
        mesh.serve(
            "gate",
            parts.snapshot(
                parts.workload("gate", view=parts.GATEWAY_VIEW),
                gateways=[gateway()],
                assignments=[parts.assignment(each, endpoint(POD, each.port)) for each in keys],
            ),
        )
        await mesh.net.call("serve_http", address=POD, port=HTTP_PORT, name="reviews-v2")
        await mesh.net.call("serve_bytes", address=POD, port=TCP_PORT, name="db")
        await mesh.net.call("serve_hellos", address=POD, port=TLS_APP_PORT)
        for name in ("server", "gate", "client"):
            await mesh.start_envoy(name)
        yield mesh


@pytest.fixture(scope="module")
def caller_tls(mesh: LoopbackMesh) -> dict[str, Any]:
    return dict(client_tls(mesh.identify("caller", CALLER), alpn=HTTP_ALPN))


async def test_a_request_crosses_by_subset_under_mutual_tls_end_to_end(mesh: LoopbackMesh) -> None:
    answer = await mesh.net.get(VIP, HTTP_PORT, headers={"host": "reviews:9080"})
    assert answer["body"]["app"] == "reviews-v2"
    # The gateway opened nothing: the server saw the caller's own certificate.
    assert f"URI={CALLER}" in answer["body"]["headers"]["x-forwarded-client-cert"]


async def test_bytes_cross_under_mutual_tls(mesh: LoopbackMesh) -> None:
    assert await mesh.net.exchange(VIP, TCP_PORT, "ping") == {"received": "db got ping"}


@pytest.mark.parametrize("sni", [V2_SNI, V2_GLOBAL_SNI, V2_SNI.replace("v2", "V2"), V2_GLOBAL_SNI.upper()])
async def test_listed_names_pass_in_any_case(
    mesh: LoopbackMesh, caller_tls: dict[str, Any], sni: str
) -> None:
    answer = await mesh.net.get(GATEWAY, CROSSING, tls={**caller_tls, "sni": sni})
    assert answer["body"]["app"] == "reviews-v2"


@pytest.mark.parametrize(
    "sni",
    [
        "outbound_.9080_.v3_.reviews.default.global",
        "outbound_.9080_._.reviews.default.global",
        "reviews.default.svc.cluster.local",
        "outbound|9080|v2|reviews.default.svc.cluster.local",
        None,
    ],
)
async def test_other_names_do_not_pass(
    mesh: LoopbackMesh, caller_tls: dict[str, Any], sni: str | None
) -> None:
    answer = await mesh.net.get(GATEWAY, CROSSING, tls={**caller_tls, "sni": sni})
    assert "error" in answer


async def test_plain_text_does_not_pass(mesh: LoopbackMesh) -> None:
    assert "error" in await mesh.net.get(GATEWAY, CROSSING, headers={"host": V2_SNI})


@pytest.mark.parametrize("alpn", [[], ["h2", "http/1.1"]])
async def test_tls_that_is_not_the_mesh_s_never_reaches_an_application(
    mesh: LoopbackMesh, alpn: list[str]
) -> None:
    await mesh.net.call("hellos")
    tls = client_tls(None, alpn=alpn, sni=TLS_APP_SNI)
    assert "error" in await mesh.net.exchange(GATEWAY, CROSSING, "ping", tls=tls)
    assert await mesh.net.call("hellos") == []


async def test_that_application_is_open_to_foreign_tls_inside_its_cluster(mesh: LoopbackMesh) -> None:
    """Shows that the gateway, and not the PERMISSIVE port behind it, is what kept foreign TLS out."""
    await mesh.net.call("hellos")
    await mesh.net.exchange(POD, TLS_APP_PORT, "ping", tls=client_tls(None, alpn=["h2"]))
    assert len(await mesh.net.call("hellos")) == 1


async def test_web_requests_reach_a_service_as_the_gateway(mesh: LoopbackMesh) -> None:
    headers = {"host": "book.example:80", "x-forwarded-client-cert": "URI=spiffe://forged"}
    answer = await mesh.net.get(GATEWAY, WEB, headers=headers)
    said = answer["body"]["headers"]["x-forwarded-client-cert"]
    assert "URI=spiffe://cluster.local/ns/default/sa/gate" in said
    assert "forged" not in said


async def test_web_requests_of_unknown_hosts_are_not_found(mesh: LoopbackMesh) -> None:
    assert (await mesh.net.get(GATEWAY, WEB, headers={"host": "other.example"}))["status"] == 404
