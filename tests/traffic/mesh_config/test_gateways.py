"""What gateways make of what stands before them, and what they let in from other clusters."""

import asyncio
import socket

import pytest
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.mesh_config.config import mesh

from convoy.kit.tls import unverified_client_context

pytestmark = TRAFFIC

GATEWAY = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 8000, name: http, protocol: HTTP}, hosts: ["*"]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: behind, namespace: istio-system}
spec:
  hosts: [behind.test]
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: 198.18.1.41}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: edge, namespace: istio-system}
spec:
  hosts: ["*"]
  gateways: [edge]
  http: [{route: [{destination: {host: behind.test}}]}]
"""
TOPOLOGY = "defaultConfig: {gatewayTopology: {%s}}"
CERTIFICATE = "x-forwarded-client-cert"


@fields("MeshConfig", "defaultConfig.gatewayTopology.numTrustedProxies")
async def test_proxies_before_a_gateway_are_believed(lab: Lab) -> None:
    seen = {}
    for trusted in (0, 2):
        async with lab.applied(GATEWAY, mesh(TOPOLOGY % f"numTrustedProxies: {trusted}")):
            headers = {"x-forwarded-for": "9.9.9.9, 8.8.8.8"}
            answer = await lab.gateway("http://any.test:8000/", headers=headers)
            seen[trusted] = answer.seen.headers.get("x-envoy-external-address", "")
    assert seen[2] == "9.9.9.9"
    assert seen[0] != "9.9.9.9"


@fields("MeshConfig", "defaultConfig.gatewayTopology.forwardClientCertDetails")
@pytest.mark.parametrize(
    ("details", "arrives"),
    [
        ("UNDEFINED", False),
        ("SANITIZE", False),
        ("FORWARD_ONLY", False),
        ("APPEND_FORWARD", False),
        ("SANITIZE_SET", False),
        ("ALWAYS_FORWARD_ONLY", True),
    ],
)
async def test_what_is_said_of_client_certificates(lab: Lab, details: str, arrives: bool) -> None:
    async with lab.applied(GATEWAY, mesh(TOPOLOGY % f"forwardClientCertDetails: {details}")):
        answer = await lab.gateway("http://any.test:8000/", headers={CERTIFICATE: "By=me"})
    assert answer.status == 200
    assert (answer.seen.headers.get(CERTIFICATE) == "By=me") is arrives


def _ask(sock: socket.socket, head: bytes) -> bytes:
    with sock:
        sock.settimeout(10)
        sock.sendall(head + b"GET / HTTP/1.1\r\nHost: any.test\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: sock.recv(65536), b""))


@fields("MeshConfig", "defaultConfig.gatewayTopology.proxyProtocol")
async def test_connections_begin_with_who_the_client_is(lab: Lab) -> None:
    async with lab.applied(GATEWAY, mesh(TOPOLOGY % "proxyProtocol: {}")):
        head = b"PROXY TCP4 9.9.9.9 8.8.8.8 1000 80\r\n"
        told = await asyncio.to_thread(_ask, await lab.dial_gateway(8000), head)
    assert b"9.9.9.9" in told


PASSTHROUGH = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: east-west, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 31443, name: tls, protocol: TLS}
    tls: {mode: AUTO_PASSTHROUGH}
    hosts: ["*.global", "*.local"]
"""
LOCAL = """\
serviceSettings:
- {settings: {clusterLocal: true}, hosts: ["*.default.svc.cluster.local"]}
- {settings: {clusterLocal: %s}, hosts: [echo.default.svc.cluster.local]}
"""


def _greets(sock: socket.socket, name: str) -> bool:
    context = unverified_client_context()
    context.set_alpn_protocols(["istio"])
    try:
        with context.wrap_socket(sock, server_hostname=name) as secured:
            return bool(secured.getpeercert(binary_form=True))
    except OSError:
        return False


@fields("MeshConfig", "serviceSettings.settings.clusterLocal", "serviceSettings.hosts")
async def test_other_clusters_may_not_call_local_services(lab: Lab) -> None:
    for local in ("true", "false"):
        async with lab.applied(PASSTHROUGH, mesh(LOCAL % local)):
            sock = await lab.dial_gateway(31443)
            name = "outbound_.8000_._.echo.default.global"
            assert await asyncio.to_thread(_greets, sock, name) is (local == "false")
