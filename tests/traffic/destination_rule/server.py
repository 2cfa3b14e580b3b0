"""A server without a proxy, so that nothing but the caller's proxy has a part in what is seen.

`server.test` is the pod `outside` as a host of its own: 8000 HTTP, 7000 HTTP where gRPC is spoken, 8443 HTTP
where TLS is, 9000, 9100 and 3128 bytes.
"""

import asyncio
import contextlib
import http.client
import json
import textwrap
from collections.abc import AsyncIterator
from typing import Any

from tests.traffic.lab import Lab

VIP = "240.0.9.9"
OUTSIDE, PLAIN = "198.18.1.41", "198.18.1.23"
"""Two pods without sidecars: `outside` and echo-v3."""

SERVER = f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: server, namespace: default}}
spec:
  hosts: [server.test]
  addresses: [{VIP}]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports:
  - {{number: 8000, name: http, protocol: HTTP}}
  - {{number: 7000, name: http-grpc, protocol: HTTP}}
  - {{number: 8443, name: http-tls, protocol: HTTP, targetPort: 443}}
  - {{number: 9000, name: lines, protocol: TCP}}
  - {{number: 9100, name: proxied, protocol: TCP}}
  - {{number: 3128, name: tunnel, protocol: TCP}}
  endpoints: [{{address: {OUTSIDE}}}]
"""
URL = "http://server.test:8000"


def server(name: str, *endpoints: str, port: int = 8000) -> str:
    """A ServiceEntry `NAME.test` with an HTTP port 8000 and these endpoints (YAML of each)."""
    return textwrap.dedent(f"""\
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {{name: {name}, namespace: default}}
        spec:
          hosts: [{name}.test]
          addresses: [{VIP}]
          location: MESH_EXTERNAL
          resolution: STATIC
          ports: [{{number: 8000, name: http, protocol: HTTP, targetPort: {port}}}]
          endpoints: [{", ".join(endpoints)}]
        """)


def policy(
    written: str,
    *,
    host: str = "server.test",
    name: str = "tested",
    namespace: str = "default",
    more: str = "",
) -> str:
    """A DestinationRule with this trafficPolicy (YAML); `more` are further fields of its spec."""
    head = textwrap.dedent(f"""\
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {{name: {name}, namespace: {namespace}}}
        spec:
          host: {host}
        """)
    block = textwrap.indent(textwrap.dedent(written).strip(), "  ")
    fields = f"trafficPolicy:\n{block}\n" if written else ""
    return head + textwrap.indent(f"{fields}{textwrap.dedent(more).strip()}\n", "  ")


def no_retries(host: str) -> str:
    """Failures of requests to a host are shown as they are."""
    return textwrap.dedent(f"""\
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {{name: shown, namespace: default}}
        spec:
          hosts: [{host}]
          http:
          - route: [{{destination: {{host: {host}}}}}]
            retries: {{attempts: 0}}
        """)


class Conversation:
    """Requests one after the other on one connection of a pod, so that one worker of its proxy has them."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    async def get(self, path: str = "/", headers: dict[str, str] | None = None) -> dict[str, Any]:
        """What the server tells of the request, with the status."""
        return await asyncio.to_thread(self._get, path, headers or {})

    def _get(self, path: str, headers: dict[str, str]) -> dict[str, Any]:
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        told = json.loads(body) if answer.headers.get_content_type() == "application/json" else {}
        return {"pod": "", **told, "status": answer.status}


@contextlib.asynccontextmanager
async def conversation(lab: Lab, host: str, *, pod: str = "client") -> AsyncIterator[Conversation]:
    """Over a connection to port 8000 of a host."""
    with await lab.dial(pod, host, 8000) as sock:
        sock.settimeout(10)
        connection = http.client.HTTPConnection(host, 8000, timeout=10)
        connection.auto_open = 0
        connection.sock = sock
        yield Conversation(connection)
