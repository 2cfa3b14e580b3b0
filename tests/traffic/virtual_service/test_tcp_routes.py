"""Where connections go that carry bytes: the `tcp` rules of VirtualServices at sidecars."""

import asyncio
from collections import Counter

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

VERSIONS = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: echo, namespace: default}
spec:
  host: echo
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
  - {name: v3, labels: {version: v3}}
"""

SHARED = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: echo, namespace: default}
spec:
  hosts: [echo]
  tcp:
  - route:
    - {destination: {host: echo, subset: v1, port: {number: 9000}}, weight: 75}
    - {destination: {host: echo, subset: v2, port: {number: 9000}}, weight: 25}
"""

BY_CALLER = """\
apiVersion: v1
kind: Service
metadata: {name: lines, namespace: default}
spec:
  clusterIP: 198.18.129.114
  selector: {app: echo}
  ports:
  - {name: tcp-lines, port: 9000}
  - {name: tcp-others, port: 9500, targetPort: 9000}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: lines, namespace: default}
spec:
  hosts: [lines]
  tcp:
  - match: [{port: 9500}]
    route: [{destination: {host: echo, subset: v2, port: {number: 9000}}}]
  - match: [{sourceLabels: {app: client}}]
    route: [{destination: {host: echo, subset: v1, port: {number: 9000}}}]
  - match: [{sourceNamespace: other}]
    route: [{destination: {host: echo, subset: v2, port: {number: 9000}}}]
  - route: [{destination: {host: echo, subset: v3, port: {number: 9000}}}]
"""

BY_NETWORK = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: echo, namespace: default}
spec:
  hosts: [echo]
  gateways: [mesh, istio-system/elsewhere]
  tcp:
  - match: [{gateways: [istio-system/elsewhere]}]
    route: [{destination: {host: echo, subset: v1, port: {number: 9000}}}]
  - match: [{destinationSubnets: [198.18.200.0/24]}]
    route: [{destination: {host: echo, subset: v1, port: {number: 9000}}}]
  - match: [{destinationSubnets: [198.18.129.0/24], sourceSubnet: 10.0.0.0/8}]
    route: [{destination: {host: echo, subset: v2, port: {number: 9000}}}]
  - route: [{destination: {host: echo, subset: v3, port: {number: 9000}}}]
"""

ELSEWHERE = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: elsewhere, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}
"""


async def lines(lab: Lab, count: int) -> Counter[str]:
    """Which pods answered that many connections, a few of them at a time."""
    turns = asyncio.Semaphore(8)

    async def one() -> str:
        async with turns:
            return (await lab.line("client", "echo", 9000)).partition(" ")[0]

    return Counter(await asyncio.gather(*(one() for _ in range(count))))


@fields(
    "VirtualService",
    "tcp.route.destination.host",
    "tcp.route.destination.subset",
    "tcp.route.destination.port.number",
    "tcp.route.weight",
)
async def test_connections_are_shared_by_weight(lab: Lab) -> None:
    async with lab.applied(VERSIONS, SHARED):
        found = await lines(lab, 100)
    # Of 100 with a share of 75, beyond these bounds: below one in a million.
    assert found.keys() == {"echo-v1", "echo-v2"}
    assert 51 < found["echo-v1"] < 95


@fields("VirtualService", "tcp.match.port", "tcp.match.sourceLabels", "tcp.match.sourceNamespace")
async def test_rules_are_for_a_port_and_for_certain_callers(lab: Lab) -> None:
    async with lab.applied(VERSIONS, BY_CALLER):
        assert await lab.line("client", "lines", 9000) == "echo-v1 hello"
        assert await lab.line("visitor", "lines.default", 9000) == "echo-v2 hello"
        assert await lab.line("echo-v1", "lines", 9000) == "echo-v3 hello"
        assert await lab.line("client", "lines", 9500) == "echo-v2 hello"


@fields("VirtualService", "tcp.match.destinationSubnets", "tcp.match.gateways")
async def test_rules_are_for_certain_networks_and_gateways(lab: Lab) -> None:
    async with lab.applied(VERSIONS, BY_NETWORK, ELSEWHERE):
        assert await lab.line("client", "echo", 9000) == "echo-v2 hello"
