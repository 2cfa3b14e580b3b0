"""Sidecars as HTTP proxies of their applications: the mesh's setting `proxyHttpPort`."""

import asyncio
import socket

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

PROXY = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: "proxyHttpPort: 15080"
"""

TO_V2 = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: echo, namespace: default}
spec: {host: echo, subsets: [{name: v2, labels: {version: v2}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: echo, namespace: default}
spec:
  hosts: [echo]
  http:
  - match: [{port: 8000}]
    route: [{destination: {host: echo, subset: v2, port: {number: 8000}}}]
"""


def ask(sock: socket.socket, url: str, host: str) -> str:
    """The answer to a request as a client of a proxy makes it: with the whole URL."""
    with sock:
        sock.settimeout(10)
        sock.sendall(f"GET {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := sock.recv(65536):
            answer += part
    return answer.decode()


@fields("MeshConfig", "proxyHttpPort")
async def test_requests_to_the_proxy_are_routed_by_the_host_they_name(lab: Lab) -> None:
    async with lab.applied(PROXY, TO_V2):
        sock = await lab.dial("client", "127.0.0.1", 15080)
        whole = await asyncio.to_thread(ask, sock, "http://echo:8000/a?b", "echo:8000")
        assert whole.startswith("HTTP/1.1 200")
        assert '"pod": "echo-v2"' in whole
        assert '"path": "/a?b"' in whole
        other_port = await lab.get("client", "http://127.0.0.1:15080/", headers={"Host": "echo:8001"})
        assert (other_port.status, other_port.seen.port) == (200, 8001)
        unknown = await lab.get("client", "http://127.0.0.1:15080/", headers={"Host": "nobody.test"})
        assert unknown.status == 502
