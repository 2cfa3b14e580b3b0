"""Rules do at a gateway what they do in a sidecar."""

from tests.traffic.configuring import until_nothing
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.shares import assert_shares
from tests.traffic.virtual_service.objects import GATEWAY, SUBSETS, virtual_service

pytestmark = TRAFFIC

OTHER = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: other, namespace: default}
spec:
  hosts: [other.test]
  ports: [{number: 8000, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 198.18.1.41}]
"""
RULES = virtual_service(
    """
    - match: [{uri: {prefix: /refused}}]
      fault: {abort: {httpStatus: 418}}
      route: [{destination: {host: echo.default.svc.cluster.local, port: {number: 8000}}}]
    - match: [{uri: {prefix: /copied/}}]
      rewrite: {uri: /, authority: echo.test}
      headers: {request: {set: {x-edited: "yes"}}}
      mirror: {host: echo.default.svc.cluster.local, subset: v2, port: {number: 8000}}
      corsPolicy: {allowOrigins: [{exact: "https://a.test"}]}
      route:
      - {destination: {host: echo.default.svc.cluster.local, subset: v1, port: {number: 8000}}}
    - route:
      - {destination: {host: echo, subset: v1, port: {number: 8000}}, weight: 1}
      - {destination: {host: other.test}, weight: 3}
    """,
    hosts='["edited.test"]',
    more="gateways: [istio-system/front]",
)


async def test_requests_from_outside_are_refused_edited_and_copied(lab: Lab) -> None:
    async with lab.applied(GATEWAY, SUBSETS, RULES, OTHER):
        assert (await lab.gateway("http://edited.test/refused")).status == 418
        before = await lab.seen("echo-v2")
        origin = {"Origin": "https://a.test"}
        answer = await lab.gateway("http://edited.test/copied/a", headers=origin)

        async def copied() -> str:
            return "" if await lab.seen("echo-v2") == before + 1 else "no copy came"

        await until_nothing(copied)
    assert (answer.pod, answer.seen.path, answer.seen.host) == ("echo-v1", "/a", "echo.test")
    assert answer.seen.headers["x-edited"] == "yes"
    assert answer.headers["access-control-allow-origin"] == "https://a.test"


async def test_requests_are_shared_between_hosts(lab: Lab) -> None:
    inside = RULES.replace("edited.test", "echo").replace("gateways: [istio-system/front]", "")
    async with lab.applied(SUBSETS, inside, OTHER):
        found = await lab.many("client", "http://echo:8000/", 200)
    assert_shares(found, {"echo-v1": 1, "outside": 3})
