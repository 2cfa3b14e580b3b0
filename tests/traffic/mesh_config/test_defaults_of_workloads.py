"""How sidecars take what comes to their applications."""

import asyncio
import socket
import ssl

import pytest
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.mesh_config.config import V1, mesh

from convoy.kit.tls import unverified_client_context

pytestmark = TRAFFIC


@fields("MeshConfig", "inboundTrafficPolicy.mode")
async def test_applications_are_called_at_loopback(lab: Lab) -> None:
    async with lab.applied(mesh("inboundTrafficPolicy: {mode: LOCALHOST}")):
        assert (await lab.get("outside", "http://echo:8000/", at=V1)).seen.peer.startswith("127.0.0.1")
    async with lab.applied(mesh("inboundTrafficPolicy: {mode: PASSTHROUGH}")):
        assert (await lab.get("outside", "http://echo:8000/", at=V1)).seen.peer.startswith("127.0.0.6")


@fields("MeshConfig", "defaultInboundHttpRetryPolicy.attempts", "defaultInboundHttpRetryPolicy.retryOn")
async def test_a_sidecar_asks_its_application_again(lab: Lab) -> None:
    url = "http://echo:8000/?fail=2&status=500&key="
    for attempts, status in ((2, 200), (1, 500)):
        policy = f"defaultInboundHttpRetryPolicy: {{attempts: {attempts}, retryOn: 5xx}}"
        async with lab.applied(mesh(policy)):
            assert (await lab.get("outside", url + lab.key(), at=V1)).status == status


@fields("MeshConfig", "pathNormalization.normalization")
@pytest.mark.parametrize(
    ("mode", "path", "arrived"),
    [
        ("NONE", "/a/../b//c%2Fd", "/a/../b//c%2Fd"),
        ("BASE", "/a/../b//c%2Fd", "/b//c%2Fd"),
        ("DEFAULT", "/a/../b//c%2Fd", "/b//c%2Fd"),
        ("MERGE_SLASHES", "/a/../b//c%2Fd", "/b/c%2Fd"),
        ("DECODE_AND_MERGE_SLASHES", "/a/../b//c%2Fd", "/b/c/d"),
    ],
)
async def test_paths_are_put_in_order(lab: Lab, mode: str, path: str, arrived: str) -> None:
    async with lab.applied(mesh(f"pathNormalization: {{normalization: {mode}}}")):
        # Through the proxy of the application alone, and through both.
        for pod in ("outside", "client"):
            assert (await lab.get(pod, f"http://echo:8000{path}", at=V1)).seen.path == arrived


def _refusal(sock: socket.socket) -> str:
    """What a server says to a client that knows no TLS 1.3, and has no certificate either."""
    context = unverified_client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["istio-http/1.1"])
    try:
        with context.wrap_socket(sock, server_hostname="echo"):
            return ""
    except ssl.SSLError as error:
        return error.reason or ""


@fields("MeshConfig", "meshMTLS.minProtocolVersion")
async def test_older_tls_is_refused(lab: Lab) -> None:
    async def refusal() -> str:
        return await asyncio.to_thread(_refusal, await lab.dial("outside", V1, 8000))

    async with lab.applied(mesh("meshMTLS: {minProtocolVersion: TLSV1_3}")):
        assert "PROTOCOL_VERSION" in await refusal()
        seen = [(await lab.get("client", "http://echo:8000/")).seen.headers for _ in range(6)]
        assert any("x-forwarded-client-cert" in headers for headers in seen)
    async with lab.applied(mesh("meshMTLS: {minProtocolVersion: TLSV1_2}")):
        assert "PROTOCOL_VERSION" not in await refusal()


@fields("MeshConfig", "trustDomainAliases")
async def test_clients_may_be_of_another_trust_domain(lab: Lab) -> None:
    async with lab.applied(mesh("trustDomainAliases: [old.example]")):
        listeners = await lab.dump("echo-v1", "dynamic_listeners")
    [inbound] = [each for each in listeners if each["name"] == "virtualInbound"]
    assert "spiffe://old.example/" in str(inbound)
    assert "spiffe://cluster.local/" in str(inbound)
