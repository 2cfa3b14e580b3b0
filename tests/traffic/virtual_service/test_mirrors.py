"""Mirrors: copies of requests, of whose answers nobody hears."""

from tests.traffic.configuring import until_nothing
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import SUBSETS, virtual_service

from convoy.cli.demo.statistics import binomial_p_value

pytestmark = TRAFFIC

V1 = "route: [{destination: {host: echo, subset: v1, port: {number: 8000}}}]"
COPY = "{host: echo, subset: v2, port: {number: 8001}}"
THIRD = "{host: echo, subset: v3, port: {number: 8001}}"
LONE = virtual_service(f"""
    - match: [{{uri: {{prefix: /all}}}}]
      mirror: {COPY}
      {V1}
    - match: [{{uri: {{prefix: /none}}}}]
      mirror: {COPY}
      mirrorPercentage: {{value: 0}}
      {V1}
    - match: [{{uri: {{prefix: /share}}}}]
      mirror: {COPY}
      mirrorPercentage: {{value: 12.5}}
      {V1}
    - match: [{{uri: {{prefix: /older}}}}]
      mirror: {COPY}
      mirrorPercent: 60
      {V1}
    - match: [{{uri: {{prefix: /oldest}}}}]
      mirror: {COPY}
      mirror_percent: 25
      {V1}
    - {V1}
""")
SEVERAL = virtual_service(f"""
    - mirrors:
      - {{destination: {COPY}, percentage: {{value: 75}}}}
      - {{destination: {THIRD}, percentage: {{value: 33.3333}}}}
      {V1}
""")
COUNT = 200


async def copies(lab: Lab, path: str, *, pod: str = "echo-v2", port: int = 8001) -> int:
    """How many copies reach a pod while v1 alone answers. A copy may come a little after the answer."""
    before = await lab.seen(pod, port=port)
    assert await lab.many("client", f"http://echo:8000{path}", COUNT) == {"echo-v1": COUNT}
    return await settled(lab, pod, port) - before


async def settled(lab: Lab, pod: str, port: int) -> int:
    last = -1

    async def still_growing() -> str:
        nonlocal last
        known, last = last, await lab.seen(pod, port=port)
        return "" if last == known else f"{pod} still gets copies"

    await until_nothing(still_growing)
    return last


@fields(
    "VirtualService",
    "http.mirror.host",
    "http.mirror.subset",
    "http.mirror.port.number",
    "http.mirrorPercentage.value",
    "http.mirrorPercent",
    "http.mirror_percent",
)
async def test_a_share_of_the_requests_is_copied(lab: Lab) -> None:
    async with lab.applied(SUBSETS, LONE):
        assert await copies(lab, "/all") == COUNT
        assert await copies(lab, "/none") == 0
        assert binomial_p_value(await copies(lab, "/share"), COUNT, 0.125) > 1e-6
        assert binomial_p_value(await copies(lab, "/oldest"), COUNT, 0.25) > 1e-6
        assert binomial_p_value(await copies(lab, "/older"), COUNT, 0.6) > 1e-6


@fields(
    "VirtualService",
    "http.mirrors.destination.host",
    "http.mirrors.destination.subset",
    "http.mirrors.destination.port.number",
    "http.mirrors.percentage.value",
)
async def test_several_mirrors_have_their_own_shares(lab: Lab) -> None:
    async with lab.applied(SUBSETS, SEVERAL):
        third = await lab.seen("echo-v3", port=8001)
        second = await copies(lab, "/")
        third = await settled(lab, "echo-v3", 8001) - third
    assert binomial_p_value(second, COUNT, 0.75) > 1e-6
    assert binomial_p_value(third, COUNT, 1 / 3) > 1e-6
