"""The `tcp` and `tls` rules of VirtualServices at a gateway."""

import asyncio
from collections import Counter

from tests.traffic.fields import fields
from tests.traffic.gateway.objects import TCP_PORT, TLS_PORT, gateway, server
from tests.traffic.lab import TRAFFIC, Lab, Tls
from tests.traffic.virtual_service.test_tcp_routes import VERSIONS

pytestmark = TRAFFIC

SERVERS = gateway(
    server("TCP", "*"), server("TLS", "tls.test", "*.outside.test", tls={"mode": "PASSTHROUGH"})
)

RULES = f"""\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: passed-on, namespace: default}}
spec:
  hosts: [tls.test, "*.outside.test"]
  gateways: [istio-system/tested, mesh]
  tcp:
  - match: [{{gateways: [mesh]}}]
    route: [{{destination: {{host: echo, subset: v3, port: {{number: 9000}}}}}}]
  - match: [{{port: 31999}}]
    route: [{{destination: {{host: echo, subset: v3, port: {{number: 9000}}}}}}]
  - match: [{{port: {TCP_PORT}}}]
    route:
    - {{destination: {{host: echo, subset: v1, port: {{number: 9000}}}}, weight: 75}}
    - {{destination: {{host: echo, subset: v2, port: {{number: 9000}}}}, weight: 25}}
  tls:
  - match: [{{sniHosts: [tls.test], gateways: [mesh]}}]
    route: [{{destination: {{host: echo, subset: v3, port: {{number: 8443}}}}}}]
  - match: [{{sniHosts: [tls.test], port: {TLS_PORT}}}]
    route: [{{destination: {{host: echo, subset: v1, port: {{number: 8443}}}}}}]
  - match: [{{sniHosts: ["*.outside.test"]}}]
    route: [{{destination: {{host: echo, subset: v2, port: {{number: 8443}}}}}}]
"""


@fields("VirtualService", "tcp.match.port", "tcp.match.gateways", "tcp.route.weight")
async def test_connections_that_a_gateway_passes_on_are_shared_by_weight(lab: Lab) -> None:
    turns = asyncio.Semaphore(8)

    async def one() -> str:
        async with turns:
            return (await lab.gateway_line(TCP_PORT)).partition(" ")[0]

    async with lab.applied(VERSIONS, SERVERS, RULES):
        found = Counter(await asyncio.gather(*(one() for _ in range(100))))
    # Of 100 with a share of 75, beyond these bounds: below one in a million.
    assert found.keys() == {"echo-v1", "echo-v2"}
    assert 51 < found["echo-v1"] < 95


@fields("VirtualService", "tls.match.sniHosts", "tls.match.gateways")
async def test_tls_that_a_gateway_passes_on_is_told_by_its_server_name(lab: Lab) -> None:
    async with lab.applied(VERSIONS, SERVERS, RULES):
        for name, pod in (("tls.test", "echo-v1"), ("a.outside.test", "echo-v2")):
            answer = await lab.gateway(f"https://{name}:{TLS_PORT}/", tls=Tls(ca=lab.ca.root_pem))
            assert (answer.pod, answer.seen.sni) == (pod, name)
        unknown = await lab.gateway(f"https://nobody.test:{TLS_PORT}/")
        assert unknown.status == 0
