"""How requests are shared among the destinations of a route, and where they go."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.shares import assert_shares
from tests.traffic.virtual_service.objects import ECHO, SUBSETS, virtual_service

pytestmark = TRAFFIC

PLACES = virtual_service(f"""
    - match: [{{uri: {{prefix: /subset}}}}]
      route: [{{destination: {{host: echo, subset: v2}}}}]
    - match: [{{uri: {{prefix: /host}}}}]
      route: [{{destination: {{host: api.outside.test, port: {{number: 80}}}}}}]
    - match: [{{uri: {{prefix: /port}}}}]
      route: [{{destination: {{host: echo, port: {{number: 8001}}}}}}]
    - {ECHO}
""")
OUTSIDE = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: outside, namespace: default}
spec:
  hosts: [api.outside.test]
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: 198.18.1.41}]
"""
SHARED = virtual_service("""
    - route:
      - {destination: {host: echo, subset: v1}, weight: 80}
      - {destination: {host: echo, subset: v2}, weight: 20}
      - {destination: {host: echo, subset: v3}, weight: 0}
""")
DEFAULT = SHARED.replace(", weight: 80", "").replace(", weight: 20", "").replace(", weight: 0", "")


@fields(
    "VirtualService",
    "http.route.destination.subset",
    "http.route.destination.host",
    "http.route.destination.port.number",
)
async def test_a_destination_says_host_port_and_subset(lab: Lab) -> None:
    async with lab.applied(SUBSETS, PLACES, OUTSIDE):
        assert await lab.many("client", "http://echo:8000/subset", 12) == {"echo-v2": 12}
        assert (await lab.get("client", "http://echo:8000/host")).pod == "outside"
        assert (await lab.get("client", "http://echo:8000/port")).seen.port == 8001
        assert (await lab.get("client", "http://echo:8000/other")).seen.port == 8000


@fields("VirtualService", "http.route.weight")
async def test_weights_share_requests(lab: Lab) -> None:
    async with lab.applied(SUBSETS, SHARED):
        assert_shares(
            await lab.many("client", "http://echo:8000/", 400), {"echo-v1": 80, "echo-v2": 20, "echo-v3": 0}
        )


async def test_a_weight_that_is_zero_gets_nothing_beside_others(lab: Lab) -> None:
    only = SHARED.replace("weight: 20", "weight: 0")
    async with lab.applied(SUBSETS, only):
        assert await lab.many("client", "http://echo:8000/", 60) == {"echo-v1": 60}
