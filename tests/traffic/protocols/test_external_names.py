"""Services of type ExternalName: other names for a service, and names outside the mesh."""

from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

ONLY_KNOWN = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    outboundTrafficPolicy: {mode: REGISTRY_ONLY}
"""

NAMES = """\
apiVersion: v1
kind: Service
metadata: {name: away, namespace: default}
spec:
  type: ExternalName
  externalName: www.outside.test
  ports: [{name: http, port: 80}, {name: tcp-lines, port: 9000}]
---
apiVersion: v1
kind: Service
metadata: {name: nick, namespace: default}
spec: {type: ExternalName, externalName: echo.default.svc.cluster.local}
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
  - route: [{destination: {host: nick, subset: v2, port: {number: 8000}}}]
  tcp:
  - route: [{destination: {host: nick, subset: v2, port: {number: 9000}}}]
"""


async def test_a_name_outside_leads_there_and_an_alias_to_its_service(lab: Lab) -> None:
    async with lab.applied(ONLY_KNOWN, NAMES, TO_V2):
        answer = await lab.get("client", "http://away/")
        assert (answer.status, answer.told["host"]) == (200, "away")
        assert await lab.line("client", "away", 9000) == "hello"
        assert await lab.many("client", "http://nick:8000/", 8) == {"echo-v2": 8}
        assert await lab.line("client", "nick", 9000) == "echo-v2 hello"
