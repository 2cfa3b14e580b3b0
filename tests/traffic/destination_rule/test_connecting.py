"""How long a connection may take to come about."""

from tests.traffic.destination_rule.plain import destination_rule
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

UNREACHABLE = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: unreachable, namespace: default}
spec:
  hosts: [unreachable.test]
  addresses: [240.240.9.4]
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: 198.18.1.41, ports: {http: 9999}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: unreachable, namespace: default}
spec:
  hosts: [unreachable.test]
  http: [{route: [{destination: {host: unreachable.test}}], retries: {attempts: 0}, timeout: 2s}]
"""


@fields("DestinationRule", "trafficPolicy.connectionPool.tcp.connectTimeout")
async def test_a_connection_is_waited_for_as_long_as_said(lab: Lab) -> None:
    rule = destination_rule(
        "trafficPolicy: {connectionPool: {tcp: {connectTimeout: 0.3s}}}", host="unreachable.test"
    )
    async with lab.applied(UNREACHABLE, rule):
        answer = await lab.get("client", "http://unreachable.test/", at="240.240.9.4")
    assert answer.status == 503
    assert 0.29 < answer.seconds < 1.9
