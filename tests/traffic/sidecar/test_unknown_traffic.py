"""What becomes of traffic to what a workload does not import."""

import pytest
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

SIDECAR = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: unknown, namespace: default}}
spec:
  workloadSelector: {{labels: {{app: client}}}}
  egress: [{{hosts: [other/*]}}]
  outboundTrafficPolicy: {policy}
"""


@fields("Sidecar", "outboundTrafficPolicy.mode")
@pytest.mark.parametrize(
    ("policy", "status", "line"),
    [("{mode: ALLOW_ANY}", 200, "outside hello"), ("{mode: REGISTRY_ONLY}", 502, ""), ("{}", 502, "")],
)
async def test_it_is_passed_on_or_refused(lab: Lab, policy: str, status: int, line: str) -> None:
    async with lab.applied(SIDECAR.format(policy=policy)):
        answer = await lab.get("client", "http://unknown.test:80/", at="198.18.1.41")
        assert answer.status in (status, 0 if status == 502 else status)
        assert await lab.line("client", "198.18.1.41", 9000) == line


PROXY = (
    "{mode: ALLOW_ANY, egressProxy: {host: echo.default.svc.cluster.local, subset: v2, port: {number: %d}}}"
)
SUBSETS = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: echo, namespace: default}
spec:
  host: echo.default.svc.cluster.local
  subsets: [{name: v2, labels: {version: v2}}]
"""


@fields(
    "Sidecar",
    "outboundTrafficPolicy.egressProxy.host",
    "outboundTrafficPolicy.egressProxy.subset",
    "outboundTrafficPolicy.egressProxy.port.number",
)
async def test_a_proxy_takes_it(lab: Lab) -> None:
    async with lab.applied(SUBSETS, SIDECAR.format(policy=PROXY % 8000)):
        answer = await lab.get("client", "http://unknown.test:80/", at="198.18.1.41")
        assert (answer.pod, answer.seen.host) == ("echo-v2", "unknown.test:80")
    async with lab.applied(SUBSETS, SIDECAR.format(policy=PROXY % 9000)):
        assert await lab.line("client", "198.18.1.41", 7799) == "echo-v2 hello"
