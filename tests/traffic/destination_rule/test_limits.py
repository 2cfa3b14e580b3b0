"""Pools: how many connections, requests and retries there are at a time."""

import asyncio

from tests.traffic.configuring import until_nothing
from tests.traffic.destination_rule.server import SERVER, URL, no_retries, policy
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Answer, Lab

pytestmark = TRAFFIC

POOL = "trafficPolicy.connectionPool"
RETRIED = no_retries("server.test").replace("{attempts: 0}", "{attempts: 1, retryOn: 5xx}")


async def at_once(lab: Lab, *paths: str) -> list[Answer]:
    """Requests side by side."""
    return list(await asyncio.gather(*(lab.get("client", f"{URL}{path}") for path in paths)))


def refused(answers: list[Answer]) -> int:
    """How many were turned away by the caller's own proxy."""
    return sum(one.status == 503 and one.headers.get("x-envoy-overloaded") == "true" for one in answers)


@fields("DestinationRule", f"{POOL}.tcp.maxConnections")
async def test_no_more_connections_than_allowed(lab: Lab) -> None:
    async def refusal() -> str:
        return "" if await lab.line("client", "server.test", 9000) else "still refused"

    async with lab.applied(SERVER, policy("connectionPool: {tcp: {maxConnections: 1}}")):
        with await lab.dial("client", "server.test", 9000) as first:
            first.settimeout(10)
            first.sendall(b"one\n")
            assert (await asyncio.to_thread(first.recv, 100)).endswith(b"one\n")
            assert await lab.line("client", "server.test", 9000) == ""
        await until_nothing(refusal)


@fields("DestinationRule", f"{POOL}.http.http1MaxPendingRequests")
async def test_no_more_waiting_requests_than_allowed(lab: Lab) -> None:
    pool = "connectionPool: {tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1}}"
    async with lab.applied(SERVER, no_retries("server.test"), policy(pool)):
        answers = await at_once(lab, *["/delay/0.3"] * 8)
    assert refused(answers) >= 4
    assert any(one.status == 200 for one in answers)


@fields("DestinationRule", f"{POOL}.http.http2MaxRequests")
async def test_no_more_requests_at_a_time_than_allowed(lab: Lab) -> None:
    pool = "connectionPool: {http: {http2MaxRequests: 2}}"
    async with lab.applied(SERVER, no_retries("server.test"), policy(pool)):
        answers = await at_once(lab, *["/delay/0.3"] * 8)
    # Two workers may ask at the same moment.
    assert 5 <= refused(answers) <= 6
    assert sum(one.status == 200 for one in answers) == 8 - refused(answers)


async def retried(lab: Lab, limits: str, *, before: int = 0, beside: int = 0) -> int:
    """How many of 8 requests that fail at the same time are tried again, and have an answer then.

    `before` have been answered when that happens, and `beside` are waited for at that time.
    """
    async with lab.applied(SERVER, RETRIED, policy(limits)):
        if before:
            await lab.many("client", f"{URL}/", before)
        others = asyncio.gather(*(lab.get("client", f"{URL}/delay/2") for _ in range(beside)))
        await asyncio.sleep(0.3 if beside else 0)
        failing = [f"/delay/0.5?fail=1&key={lab.key()}" for _ in range(8)]
        answers = await at_once(lab, *failing)
        await others
    return sum(one.status == 200 for one in answers)


@fields("DestinationRule", f"{POOL}.http.maxRetries")
async def test_no_more_retries_at_a_time_than_allowed(lab: Lab) -> None:
    assert 1 <= await retried(lab, "connectionPool: {http: {maxRetries: 1}}") <= 2


@fields("DestinationRule", "trafficPolicy.retryBudget.percent")
async def test_a_retry_budget_is_a_share_of_requests(lab: Lab) -> None:
    assert await retried(lab, "retryBudget: {percent: 100, minRetryConcurrency: 1}", beside=10) == 8


@fields("DestinationRule", "trafficPolicy.retryBudget.minRetryConcurrency")
async def test_a_retry_budget_has_a_floor(lab: Lab) -> None:
    assert await retried(lab, "retryBudget: {percent: 1, minRetryConcurrency: 8}") == 8


async def test_a_retry_budget_ends(lab: Lab) -> None:
    assert 1 <= await retried(lab, "retryBudget: {percent: 1, minRetryConcurrency: 1}") <= 2


@fields("DestinationRule", "trafficPolicy.retryBudget.budgetInterval")
async def test_a_retry_budget_remembers_requests(lab: Lab) -> None:
    budget = "retryBudget: {percent: 50, minRetryConcurrency: 1, budgetInterval: 20s}"
    assert await retried(lab, budget, before=40) == 8
