"""Requests that become something else, or that carry a limit of their own."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import ECHO, SUBSETS, virtual_service

pytestmark = TRAFFIC

RULES = virtual_service(f"""
    - match: [{{uri: {{prefix: /talk}}}}]
      rewrite: {{uri: /ws}}
      route: [{{destination: {{host: echo, subset: v2, port: {{number: 8000}}}}}}]
    - match: [{{uri: {{prefix: /delay}}, statPrefix: slow}}]
      timeout: 0.3s
      {ECHO}
    - {ECHO}
""")


async def test_a_websocket_follows_the_rules(lab: Lab) -> None:
    async with lab.applied(SUBSETS, RULES):
        assert await lab.websocket("client", "http://echo:8000/talk", "a", "b") == ["echo-v2 a", "echo-v2 b"]


@fields("VirtualService", "http.match.statPrefix")
async def test_a_rule_can_have_statistics_of_its_own(lab: Lab) -> None:
    async def counted() -> int:
        return sum((await lab.stats("client", r"\.route\.slow\.upstream_rq_completed$")).values())

    async with lab.applied(SUBSETS, RULES):
        before = await counted()
        assert (await lab.get("client", "http://echo:8000/delay/0")).status == 200
        assert await counted() == before + 1


async def test_a_grpc_client_may_ask_for_less_time_than_the_rule_allows(lab: Lab) -> None:
    async with lab.applied(SUBSETS, RULES):
        for asked in ("100m", "10S"):
            headers = {"content-type": "application/grpc", "grpc-timeout": asked}
            late = await lab.get("client", "http://echo:8000/delay/9", headers=headers)
            # Envoy says "unavailable" for the 504 that a request without gRPC would get.
            assert (late.headers["grpc-status"], late.pod) == ("14", ""), asked
            assert late.seconds < 5
        patient = {"content-type": "application/grpc", "grpc-timeout": "5S"}
        assert (await lab.get("client", "http://echo:8000/other", headers=patient)).status == 200
