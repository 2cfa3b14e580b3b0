"""A new endpoint gets its share little by little."""

import asyncio

from tests.traffic.destination_rule.server import OUTSIDE, PLAIN, VIP, policy
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.shares import assert_shares

pytestmark = TRAFFIC

SERVICE = f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: warm, namespace: default}}
spec:
  hosts: [warm.test]
  addresses: [{VIP}]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{{number: 8000, name: http, protocol: HTTP}}]
  workloadSelector: {{labels: {{app: warm}}}}
"""
WINDOW = 2.0


def workload(name: str, address: str) -> str:
    """An endpoint of the service."""
    return f"""\
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {{name: {name}, namespace: default}}
spec: {{address: {address}, labels: {{app: warm}}}}
"""


@fields("DestinationRule", "trafficPolicy.loadBalancer.warmup.duration")
@fields("DestinationRule", "trafficPolicy.loadBalancer.warmup.minimumPercent")
@fields("DestinationRule", "trafficPolicy.loadBalancer.warmup.aggression")
async def test_a_new_endpoint_has_its_least_share_for_long_where_the_curve_is_flat(lab: Lab) -> None:
    # At half of the window the time's tenth power is still next to nothing, so the minimum counts.
    warmup = "warmup: {duration: 2s, minimumPercent: 25, aggression: 0.1}"
    written = policy(f"loadBalancer: {{simple: ROUND_ROBIN, {warmup}}}", host="warm.test")
    async with lab.applied(SERVICE, written, workload("old", OUTSIDE)):
        await asyncio.sleep(WINDOW + 0.2)
        async with lab.applied(workload("new", PLAIN)):
            await asyncio.sleep(WINDOW / 2)
            found = await lab.many("client", "http://warm.test:8000/", 500)
    assert_shares(found, {"outside": 100, "echo-v3": 25})


@fields("DestinationRule", "trafficPolicy.loadBalancer.warmupDurationSecs")
async def test_the_window_has_an_old_name(lab: Lab) -> None:
    written = policy("loadBalancer: {simple: LEAST_REQUEST, warmupDurationSecs: 2s}", host="warm.test")
    async with lab.applied(SERVICE, written, workload("old", OUTSIDE)):
        await asyncio.sleep(WINDOW + 0.2)
        async with lab.applied(workload("new", PLAIN)):
            found = await lab.many("client", "http://warm.test:8000/", 100, connections=1)
    assert found["echo-v3"] < 30
