"""Faults: delays and refusals on purpose."""

import socket

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import ECHO, virtual_service

from convoy.cli.demo.statistics import binomial_p_value
from convoy.cli.pod_traffic import Request, ask_many

pytestmark = TRAFFIC

ABORTS = virtual_service(f"""
    - match: [{{uri: {{prefix: /always}}}}]
      fault: {{abort: {{httpStatus: 418}}}}
      {ECHO}
    - match: [{{uri: {{prefix: /never}}}}]
      fault: {{abort: {{httpStatus: 418, percentage: {{value: 0}}}}}}
      {ECHO}
    - match: [{{uri: {{prefix: /some}}}}]
      fault: {{abort: {{httpStatus: 429, percentage: {{value: 12.5}}}}}}
      {ECHO}
    - match: [{{port: 7000}}]
      fault: {{abort: {{grpcStatus: RESOURCE_EXHAUSTED}}}}
      route: [{{destination: {{host: echo}}}}]
    - {ECHO}
""")
DELAYS = virtual_service(f"""
    - match: [{{uri: {{prefix: /always}}}}]
      fault: {{delay: {{fixedDelay: 0.4s}}, abort: {{httpStatus: 418}}}}
      {ECHO}
    - match: [{{uri: {{prefix: /some}}}}]
      fault: {{delay: {{fixedDelay: 1ms, percentage: {{value: 37.5}}}}}}
      headers: {{response: {{set: {{x-flags: "%RESPONSE_FLAGS%"}}}}}}
      {ECHO}
    - match: [{{uri: {{prefix: /older}}}}]
      fault: {{delay: {{fixedDelay: 1ms, percent: 60}}}}
      headers: {{response: {{set: {{x-flags: "%RESPONSE_FLAGS%"}}}}}}
      {ECHO}
    - {ECHO}
""")
COUNT = 400


async def delayed(lab: Lab, path: str) -> int:
    """Of how many requests the proxy itself says that it delayed them (its flag DI)."""

    async def dial() -> socket.socket:
        return await lab.dial("client", "echo", 8000)

    replies = await ask_many(dial, Request("echo:8000", path), COUNT, connections=4)
    assert {reply.status for reply in replies} == {200}
    return sum(reply.headers["x-flags"] == "DI" for reply in replies)


@fields(
    "VirtualService",
    "http.fault.abort.httpStatus",
    "http.fault.abort.grpcStatus",
    "http.fault.abort.percentage.value",
)
async def test_a_share_of_the_requests_is_refused(lab: Lab) -> None:
    async with lab.applied(ABORTS):
        assert (await lab.get("client", "http://echo:8000/always")).status == 418
        assert (await lab.get("client", "http://echo:8000/never")).status == 200
        assert (await lab.get("client", "http://echo:8000/other")).status == 200
        assert (await lab.grpc("client", "echo:7000")).code == 8
        answered = await lab.many("client", "http://echo:8000/some", COUNT)
    refused = answered["status 429"]
    assert refused + sum(answered[pod] for pod in ("echo-v1", "echo-v2", "echo-v3")) == COUNT
    assert binomial_p_value(refused, COUNT, 0.125) > 1e-6


@fields(
    "VirtualService",
    "http.fault.delay.fixedDelay",
    "http.fault.delay.percentage.value",
    "http.fault.delay.percent",
)
async def test_a_share_of_the_requests_is_late(lab: Lab) -> None:
    async with lab.applied(DELAYS):
        late = await lab.get("client", "http://echo:8000/always")
        assert late.status == 418
        assert late.seconds > 0.39
        assert binomial_p_value(await delayed(lab, "/some"), COUNT, 0.375) > 1e-6
        assert binomial_p_value(await delayed(lab, "/older"), COUNT, 0.6) > 1e-6
