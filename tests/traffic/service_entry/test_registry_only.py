"""What becomes of traffic to what the mesh does not know: `outboundTrafficPolicy` of the mesh."""

import pytest
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

REGISTRY_ONLY = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    outboundTrafficPolicy: {mode: REGISTRY_ONLY}
"""
# No service has this port of echo-v3.
NOBODYS = "198.18.1.23"
KNOWN = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: outside, namespace: default}
spec:
  hosts: [www.outside.test]
  resolution: DNS
  ports:
  - {number: 80, name: http, protocol: HTTP}
  - {number: 443, name: tls, protocol: TLS}
  - {number: 9000, name: tcp, protocol: TCP}
"""


async def test_only_what_is_registered_is_let_through(lab: Lab) -> None:
    async with lab.applied(REGISTRY_ONLY, KNOWN):
        assert (await lab.get("client", "http://www.outside.test/")).status == 200
        assert (await lab.get("client", "https://www.outside.test/")).status == 200
        assert await lab.line("client", "www.outside.test", 9000) == "hello"
        assert set(await lab.many("client", "http://echo:8000/", 9)) <= {"echo-v1", "echo-v2", "echo-v3"}
        unknown = await lab.get("client", "http://api.outside.test/")
        assert (unknown.status, unknown.told) == (502, {})
        assert (await lab.get("client", "https://api.outside.test/")).status == 0
        assert await lab.line("client", "api.outside.test", 9000) == ""
        assert await lab.line("client", NOBODYS, 9002) == ""


@pytest.mark.parametrize("mesh", ["", REGISTRY_ONLY.replace("REGISTRY_ONLY", "ALLOW_ANY")])
@fields("MeshConfig", "outboundTrafficPolicy.mode = ALLOW_ANY")
async def test_everything_is_let_through_by_default_or_when_asked_for(lab: Lab, mesh: str) -> None:
    async with lab.applied(KNOWN, mesh):
        answer = await lab.get("client", "http://api.outside.test/")
        assert (answer.status, answer.told["host"]) == (200, "api.outside.test")
        assert (await lab.get("client", "https://api.outside.test/")).status == 200
        assert await lab.line("client", "api.outside.test", 9000) == "hello"
        assert await lab.line("client", NOBODYS, 9002) == "echo-v3 hello"
