"""What `workloadSelector` selects: pods and WorkloadEntries alike."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

SELECTED = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: selected, namespace: default}
spec:
  hosts: [selected.example.test]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8002}]
  workloadSelector: {labels: {app: echo, version: v1}}
"""
MACHINE = """\
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: machine, namespace: default, labels: {version: v1}}
spec:
  address: 198.18.1.41
  ports: {http: 80}
  labels: {app: echo, version: v0}
"""
URL = "http://selected.example.test/"


@fields("ServiceEntry", "workloadSelector.labels")
async def test_pods_are_endpoints_and_meet_their_callers_with_mutual_tls(lab: Lab) -> None:
    async with lab.applied(SELECTED):
        assert await lab.many("client", URL, 10) == {"echo-v1": 10}
        answer = await lab.get("client", URL)
        assert answer.seen.port == 8002
        assert "x-forwarded-client-cert" in answer.seen.headers
        # The entry says what is spoken on a port of the pod that no Service names.
        assert answer.headers["server"] == "envoy"


@fields("WorkloadEntry", "address", "ports", "labels")
async def test_workload_entries_are_endpoints_beside_pods(lab: Lab) -> None:
    async with lab.applied(SELECTED, MACHINE):
        assert set(await lab.many("client", URL, 40)) == {"echo-v1", "outside"}
    other = MACHINE.replace("labels: {version: v1}", "labels: {version: v9}")
    async with lab.applied(SELECTED, other):
        assert await lab.many("client", URL, 20) == {"echo-v1": 20}


NAMED = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: named, namespace: default}
spec:
  hosts: [named.example.test]
  resolution: DNS
  ports: [{number: 80, name: http, protocol: HTTP}]
  workloadSelector: {labels: {tier: named}}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: named, namespace: default}
spec: {address: www.outside.test, labels: {tier: named}}
"""


@fields("WorkloadEntry", "address")
async def test_a_workload_entry_may_have_a_name_for_an_address(lab: Lab) -> None:
    async with lab.applied(NAMED):
        answer = await lab.get("client", "http://named.example.test/")
        assert (answer.status, answer.told["host"]) == (200, "named.example.test")
