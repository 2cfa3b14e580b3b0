"""How requests are shared among the destinations of a route."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

SUBSETS = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: echo, namespace: default}
spec:
  host: echo
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
"""

V2 = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: echo, namespace: default}
spec:
  hosts: [echo]
  http:
  - route: [{destination: {host: echo, subset: v2}}]
"""


@fields("VirtualService", "http.route.destination.subset")
async def test_a_subset_is_where_requests_go(lab: Lab) -> None:
    async with lab.applied(SUBSETS, V2):
        answer = await lab.get("client", "http://echo:8000/a?b=c", headers={"a": "b"})
        assert (answer.status, answer.pod, answer.seen.path) == (200, "echo-v2", "/a?b=c")
        assert await lab.many("client", "http://echo:8000/", 20) == {"echo-v2": 20}
