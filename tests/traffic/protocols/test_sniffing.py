"""Ports of which nobody says what is spoken: it is found out for each connection."""

import time

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

ROUTED = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: echo, namespace: default}
spec:
  hosts: [echo]
  http:
  - match: [{port: 8001}]
    headers: {request: {set: {routed: "yes"}}}
    route: [{destination: {host: echo, port: {number: 8001}}}]
  - route: [{destination: {host: echo}}]
"""

IMPATIENT = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: "protocolDetectionTimeout: 0.2s"
"""

LISTENS = """\
apiVersion: v1
kind: Service
metadata: {name: talk, namespace: default}
spec:
  clusterIP: 198.18.129.112
  selector: {app: echo, version: v1}
  ports: [{name: any, port: 9000}, {name: greeter, port: 9001}, {name: calls, port: 7000}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: talk, namespace: default}
spec:
  hosts: [talk]
  http:
  - headers: {request: {set: {routed: "yes"}}}
    route: [{destination: {host: talk}}]
"""


async def test_requests_and_bytes_are_told_apart(lab: Lab) -> None:
    async with lab.applied(ROUTED, LISTENS):
        assert (await lab.get("client", "http://echo:8001/")).seen.headers.get("routed") == "yes"
        assert await lab.websocket("client", "http://echo:8001/ws", "a") != []
        called = await lab.grpc("client", "talk:7000")
        assert (called.code, called.seen.get("routed")) == (0, "yes")
        assert await lab.line("client", "talk", 9000) == "echo-v1 hello"


@fields("MeshConfig", "protocolDetectionTimeout")
async def test_who_waits_for_the_server_is_let_through_after_a_while(lab: Lab) -> None:
    async with lab.applied(IMPATIENT, LISTENS):
        start = time.monotonic()
        assert await lab.line("client", "talk", 9001, greeted=True) == "echo-v1 hello"
        # Here it is the server's sidecar that waits.
        assert await lab.line("outside", "198.18.1.21", 9001, greeted=True) == "echo-v1 hello"
        assert time.monotonic() - start < 4
