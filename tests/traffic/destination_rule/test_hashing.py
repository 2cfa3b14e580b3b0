"""Consistent hashing: requests with an equal value go to the same endpoint, others spread."""

import asyncio
from collections import Counter

import pytest
from tests.traffic.destination_rule.server import conversation, policy
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.shares import assert_shares

pytestmark = TRAFFIC

HASH = "trafficPolicy.loadBalancer.consistentHash"
URL = "http://echo:8000/"


def hashing(how: str) -> str:
    return policy(f"loadBalancer: {{consistentHash: {{{how}}}}}", host="echo")


async def pods(lab: Lab, asked: list[tuple[str, dict[str, str]]]) -> list[str]:
    """Who answers each of these, three times the same or AssertionError."""
    answers = await asyncio.gather(
        *(lab.many("client", f"{URL}{path}", 4, headers=headers) for path, headers in asked)
    )
    assert all(len(one) == 1 for one in answers), answers
    return [pod for one in answers for pod in one]


async def spread(lab: Lab) -> Counter[str]:
    """Who answers many different users."""
    async with conversation(lab, "echo") as talk:
        answers = [await talk.get("/", {"x-user": f"user-{number}"}) for number in range(150)]
    return Counter(answer["pod"] for answer in answers)


@fields("DestinationRule", f"{HASH}.httpHeaderName")
async def test_a_header_decides(lab: Lab) -> None:
    async with lab.applied(hashing("httpHeaderName: x-user")):
        found = await pods(lab, [("", {"x-user": f"user-{number}"}) for number in range(12)])
    assert len(set(found)) > 1


@fields("DestinationRule", f"{HASH}.httpQueryParameterName")
async def test_a_query_parameter_decides(lab: Lab) -> None:
    async with lab.applied(hashing("httpQueryParameterName: user")):
        found = await pods(lab, [(f"?user={number}&x=1", {}) for number in range(12)])
    assert len(set(found)) > 1


@fields("DestinationRule", f"{HASH}.useSourceIp")
async def test_the_callers_address_decides_for_requests_and_connections(lab: Lab) -> None:
    async with lab.applied(hashing("useSourceIp: true")):
        assert len(await lab.many("client", URL, 30)) == 1
        lines = {await lab.line("client", "echo", 9000) for _ in range(20)}
    assert len(lines) == 1


@fields("DestinationRule", f"{HASH}.httpCookie.name", f"{HASH}.httpCookie.ttl", f"{HASH}.httpCookie.path")
@fields("DestinationRule", f"{HASH}.httpCookie.attributes.name", f"{HASH}.httpCookie.attributes.value")
async def test_a_cookie_is_made_and_decides(lab: Lab) -> None:
    cookie = "{name: user, path: /shop, ttl: 90s, attributes: [{name: SameSite, value: Strict}]}"
    async with lab.applied(hashing(f"httpCookie: {cookie}")):
        first = await lab.get("client", URL)
        made = first.headers["set-cookie"]
        sent = {"cookie": made.partition(";")[0]}
        assert await pods(lab, [("", sent)]) == [first.pod]
        many = await pods(lab, [("", {"cookie": f"user={number}"}) for number in range(12)])
    assert made.startswith("user=")
    assert {"Path=/shop", "Max-Age=90", "SameSite=Strict"} <= set(made.split("; "))
    assert len(set(many)) > 1


async def test_no_cookie_is_made_without_a_ttl(lab: Lab) -> None:
    async with lab.applied(hashing("httpCookie: {name: user}")):
        answer = await lab.get("client", URL)
        found = await pods(lab, [("", {"cookie": f"user={number}"}) for number in range(12)])
    assert "set-cookie" not in answer.headers
    assert len(set(found)) > 1


@fields("DestinationRule", f"{HASH}.ringHash.minimumRingSize")
async def test_a_small_ring_shares_badly(lab: Lab) -> None:
    async with lab.applied(hashing("httpHeaderName: x-user, ringHash: {minimumRingSize: 1}")):
        small = await spread(lab)
    async with lab.applied(hashing("httpHeaderName: x-user, ringHash: {minimumRingSize: 65536}")):
        large = await spread(lab)
    assert_shares(large, {"echo-v1": 1, "echo-v2": 1, "echo-v3": 1})
    with pytest.raises(AssertionError, match="is not shared as"):
        assert_shares(small, {"echo-v1": 1, "echo-v2": 1, "echo-v3": 1})


@fields("DestinationRule", f"{HASH}.minimumRingSize")
async def test_the_rings_size_has_an_old_name(lab: Lab) -> None:
    async with lab.applied(hashing("httpHeaderName: x-user, minimumRingSize: 1")):
        small = await spread(lab)
    with pytest.raises(AssertionError, match="is not shared as"):
        assert_shares(small, {"echo-v1": 1, "echo-v2": 1, "echo-v3": 1})


@fields("DestinationRule", f"{HASH}.maglev.tableSize")
async def test_a_maglev_table_of_two_has_no_place_for_a_third(lab: Lab) -> None:
    async with lab.applied(hashing("httpHeaderName: x-user, maglev: {tableSize: 2}")):
        found = await pods(lab, [("", {"x-user": f"user-{number}"}) for number in range(40)])
    assert len(set(found)) == 2


async def test_a_maglev_table_has_place_for_all(lab: Lab) -> None:
    async with lab.applied(hashing("httpHeaderName: x-user, maglev: {tableSize: 251}")):
        found = await pods(lab, [("", {"x-user": f"user-{number}"}) for number in range(40)])
    assert len(set(found)) == 3
