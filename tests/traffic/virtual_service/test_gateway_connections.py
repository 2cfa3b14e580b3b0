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


# What leaves for the first name goes there; for the other the gateway has a place of its own.
LEAVING = f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: names, namespace: default}}
spec:
  hosts: [api.outside.test, www.outside.test]
  resolution: DNS
  ports: [{{number: 443, name: tls, protocol: TLS}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: leaving, namespace: default}}
spec:
  hosts: [api.outside.test, www.outside.test]
  gateways: [mesh, istio-system/tested]
  tls:
  - match: [{{gateways: [mesh], port: 443, sniHosts: [api.outside.test, www.outside.test]}}]
    route:
    - destination:
        host: istio-ingressgateway.istio-system.svc.cluster.local
        port: {{number: {TLS_PORT}}}
  - match: [{{gateways: [istio-system/tested], port: {TLS_PORT}, sniHosts: [api.outside.test]}}]
    route: [{{destination: {{host: api.outside.test, port: {{number: 443}}}}}}]
  - match: [{{gateways: [istio-system/tested], port: {TLS_PORT}, sniHosts: [www.outside.test]}}]
    route: [{{destination: {{host: echo, subset: v1, port: {{number: 8443}}}}}}]
"""


async def test_tls_to_names_outside_may_leave_through_a_gateway(lab: Lab) -> None:
    async with lab.applied(VERSIONS, SERVERS, LEAVING):
        answer = await lab.get("client", "https://api.outside.test/")
        assert (answer.status, answer.told["host"]) == (200, "api.outside.test")
        answer = await lab.get("client", "https://www.outside.test/")
        assert (answer.pod, answer.seen.sni) == ("echo-v1", "www.outside.test")
