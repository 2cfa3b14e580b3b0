"""Secrets over ADS, to a real Envoy."""

from pathlib import Path

import pytest
from tests.kit import parts
from tests.kit.certificates import Authority
from tests.kit.loopback_net import GATEWAY
from tests.kit.mesh_on_loopback import LoopbackMesh, mesh_on_loopback
from tests.kit.parts import endpoint, host, key, routes, rule, upstream
from tests.kit.waiting import until

from convoy.kit.secrets import SecretBytes
from convoy.mesh.model import (
    CredentialKey,
    Fallback,
    GatewayHttp,
    GatewayHttps,
    GatewayView,
    KeyPair,
    Origination,
    PortRoutes,
    ServerTls,
    TlsMode,
    UpstreamTls,
)

pytestmark = pytest.mark.envoy

APP, LATE = key("app"), key("late")
PLAIN, SECURE = 8080, 8443
OWN, MISSING = CredentialKey("default", "own"), CredentialKey("default", "missing")


def one_host(port: int) -> PortRoutes:
    hosts = (
        host("a.test", rule(APP), port=port, domains=["a.test"]),
        host("b.test", rule(LATE), port=port, domains=["b.test"]),
    )
    return routes(*hosts, port=port, fallback=Fallback.NOT_FOUND)


def view(*pairs: KeyPair) -> GatewayView:
    """A plain and a TLS port; one of the upstreams needs a credential that is not among these."""
    origination = UpstreamTls(TlsMode.ORIGINATE, "x", origination=Origination(key_pair=MISSING))
    return parts.gateway_view(
        upstream(APP),
        upstream(LATE, tls=origination),
        http=(GatewayHttp(PLAIN, one_host(PLAIN)),),
        https=(
            GatewayHttps(
                SECURE,
                one_host(SECURE),
                server="8443.https.web.default",
                server_names=("*",),
                tls=ServerTls(key_pairs=(OWN,)),
            ),
        ),
        credentials=pairs,
    )


def serve(mesh: LoopbackMesh, *pairs: KeyPair) -> None:
    assignments = [parts.assignment(each, endpoint(GATEWAY, 9080)) for each in (APP, LATE)]
    workload = parts.workload("gate", view=parts.GATEWAY_VIEW)
    mesh.serve("gate", parts.snapshot(workload, gateways=[view(*pairs)], assignments=assignments))


def key_pair() -> KeyPair:
    issued = Authority().issue(dns=("a.test",))
    return KeyPair(OWN, issued.chain_pem, SecretBytes(issued.key_pem))


async def asked(mesh: LoopbackMesh, name: str, port: int) -> int:
    tls = {"sni": name, "alpn": []} if port == SECURE else None
    return (await mesh.net.get(GATEWAY, port, headers={"host": name}, tls=tls)).get("status", 0)


async def test_a_proxy_starts_and_serves_the_rest_while_a_secret_is_missing(tmp_path: Path) -> None:
    async with mesh_on_loopback(tmp_path) as mesh:
        mesh.identify("gate", "spiffe://cluster.local/ns/default/sa/gate")
        await mesh.net.call("serve_http", address=GATEWAY, port=9080, name="app")
        serve(mesh)
        await mesh.start_envoy("gate")
        assert [await asked(mesh, "a.test", port) for port in (PLAIN, SECURE)] == [200, 0]
        assert await asked(mesh, "b.test", PLAIN) == 503
        serve(mesh, key_pair())
        assert await until(lambda: asked(mesh, "a.test", SECURE)) == 200
        dump = await mesh.admin("gate", "/config_dump")
        assert "kubernetes://default/own" in dump
        assert "PRIVATE KEY" not in dump
