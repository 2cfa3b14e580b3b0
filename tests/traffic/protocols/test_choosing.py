"""What a port speaks: said by `appProtocol`, by the name of the port, or by a ServiceEntry."""

import pytest
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

# The names of the ports say the opposite of what they are, so that only `appProtocol` can be right.
KINDS = """\
apiVersion: v1
kind: Service
metadata: {name: kinds, namespace: default}
spec:
  clusterIP: 198.18.129.110
  selector: {app: echo, version: v1}
  ports:
  - {name: tcp-http, appProtocol: http, port: 8000}
  - {name: tcp-ws, appProtocol: kubernetes.io/ws, port: 8001}
  - {name: tcp-calls, appProtocol: kubernetes.io/h2c, port: 7000}
  - {name: http-wss, appProtocol: kubernetes.io/wss, port: 8443}
  - {name: http-bytes, appProtocol: redis, port: 9000}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: kinds, namespace: default}
spec:
  hosts: [kinds]
  http:
  - headers: {request: {set: {routed: "yes"}}}
    route: [{destination: {host: kinds}}]
"""

# The server speaks first, and nobody stops waiting for the client.
PATIENT = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: "protocolDetectionTimeout: 0s"
"""


def greeting(protocol: str) -> str:
    return f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: greeter, namespace: default}}
spec:
  hosts: [greeter.test]
  addresses: [198.18.129.111]
  resolution: STATIC
  ports: [{{number: 9001, name: http-odd, protocol: {protocol}}}]
  endpoints: [{{address: 198.18.1.41}}]
"""


WEB = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: web, namespace: default}
spec:
  hosts: [web.test]
  resolution: STATIC
  ports: [{number: 8000, name: tcp-odd, protocol: PROTOCOL}]
  endpoints: [{address: 198.18.1.41}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: default}
spec:
  hosts: [web.test]
  http:
  - headers: {request: {set: {routed: "yes"}}}
    route: [{destination: {host: web.test}}]
"""


async def test_a_service_s_port_is_what_its_application_protocol_says(lab: Lab) -> None:
    async with lab.applied(KINDS):
        for port in (8000, 8001):
            answer = await lab.get("client", f"http://kinds:{port}/")
            assert answer.seen.headers.get("routed") == "yes", port
        assert await lab.websocket("client", "http://kinds:8001/ws", "a", "b") == ["echo-v1 a", "echo-v1 b"]
        called = await lab.grpc("client", "kinds:7000")
        assert (called.code, called.seen.get("routed")) == (0, "yes")
        assert (await lab.get("client", "https://kinds:8443/")).seen.headers.get("routed") is None
        assert await lab.line("client", "kinds", 9000) == "echo-v1 hello"


@pytest.mark.parametrize("protocol", ["TCP", "MONGO", "mysql", "Redis"])
@fields("ServiceEntry", "ports.protocol")
async def test_bytes_of_an_entry_are_not_waited_for(lab: Lab, protocol: str) -> None:
    async with lab.applied(PATIENT, greeting(protocol)):
        assert await lab.line("client", "greeter.test", 9001, greeted=True) == "outside hello"


@pytest.mark.parametrize("protocol", ["HTTP", "http_proxy"])
async def test_requests_of_an_entry_are_routed(lab: Lab, protocol: str) -> None:
    async with lab.applied(WEB.replace("PROTOCOL", protocol)):
        answer = await lab.get("client", "http://web.test:8000/")
        assert answer.seen.headers.get("routed") == "yes"
