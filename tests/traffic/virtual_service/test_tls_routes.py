"""Where TLS goes that stays closed: the `tls` rules of VirtualServices at sidecars."""

import asyncio
from collections import Counter

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab, Tls
from tests.traffic.virtual_service.test_tcp_routes import ELSEWHERE, VERSIONS

pytestmark = TRAFFIC

BY_NAME = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: echo, namespace: default}
spec:
  hosts: [echo, tls.test, "*.outside.test"]
  tls:
  - match: [{sniHosts: [tls.test], port: 8443}]
    route:
    - {destination: {host: echo, subset: v1, port: {number: 8443}}, weight: 75}
    - {destination: {host: echo, subset: v2, port: {number: 8443}}, weight: 25}
  - match: [{sniHosts: ["*.outside.test"]}]
    route: [{destination: {host: echo, subset: v2, port: {number: 8443}}}]
  - match: [{sniHosts: [www.outside.test]}]
    route: [{destination: {host: echo, subset: v1, port: {number: 8443}}}]
"""

CONDITIONS = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: echo, namespace: default}
spec:
  hosts: [echo, tls.test]
  gateways: [mesh, istio-system/elsewhere]
  tls:
  - match: [{sniHosts: [tls.test], gateways: [istio-system/elsewhere]}]
    route: [{destination: {host: echo, subset: v3, port: {number: 8443}}}]
  - match: [{sniHosts: [tls.test], port: 443}]
    route: [{destination: {host: echo, subset: v3, port: {number: 8443}}}]
  - match: [{sniHosts: [tls.test], destinationSubnets: [198.18.200.0/24]}]
    route: [{destination: {host: echo, subset: v3, port: {number: 8443}}}]
  - match: [{sniHosts: [tls.test], sourceLabels: {app: client}}]
    route: [{destination: {host: echo, subset: v1, port: {number: 8443}}}]
  - match: [{sniHosts: [tls.test], sourceNamespace: other, destinationSubnets: [198.18.129.0/24]}]
    route: [{destination: {host: echo, subset: v2, port: {number: 8443}}}]
"""


async def served(lab: Lab, source: str, sni: str) -> str:
    """The pod that answered a request in TLS with this SNI, and the SNI it saw."""
    answer = await lab.get(source, "https://echo.default:8443/", tls=Tls(sni=sni))
    return f"{answer.pod} {answer.seen.sni}"


@fields(
    "VirtualService",
    "tls.match.sniHosts",
    "tls.route.destination.host",
    "tls.route.destination.subset",
    "tls.route.destination.port.number",
    "tls.route.weight",
)
async def test_the_server_name_chooses_and_weights_share(lab: Lab) -> None:
    async with lab.applied(VERSIONS, BY_NAME):
        found: Counter[str] = Counter()
        for _ in range(10):
            found.update(await asyncio.gather(*(served(lab, "client", "tls.test") for _ in range(8))))
        # Of 80 with a share of 75 in 100, beyond these bounds: below one in a million.
        assert found.keys() == {"echo-v1 tls.test", "echo-v2 tls.test"}
        assert 39 < found["echo-v1 tls.test"] < 77
        assert await served(lab, "client", "a.outside.test") == "echo-v2 a.outside.test"


@fields(
    "VirtualService",
    "tls.match.port",
    "tls.match.sourceLabels",
    "tls.match.sourceNamespace",
    "tls.match.gateways",
    "tls.match.destinationSubnets",
)
async def test_rules_are_for_certain_callers_ports_networks_and_gateways(lab: Lab) -> None:
    async with lab.applied(VERSIONS, CONDITIONS, ELSEWHERE):
        assert await served(lab, "client", "tls.test") == "echo-v1 tls.test"
        assert await served(lab, "visitor", "tls.test") == "echo-v2 tls.test"
        others = {await served(lab, "echo-v1", "tls.test") for _ in range(12)}
        # No rule is for this caller, so the service's own address decides.
        assert len(others) > 1
