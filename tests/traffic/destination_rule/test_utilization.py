"""Endpoints that report their load with their answers (ORCA) get requests accordingly."""

import asyncio
from collections import Counter
from urllib.parse import quote

from tests.traffic.destination_rule.server import OUTSIDE, PLAIN, Conversation, conversation, policy, server
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

REPORTS = "trafficPolicy.loadBalancer.backendUtilization"
TWO = server("two", f"{{address: {OUTSIDE}}}", f"{{address: {PLAIN}}}")


def reporting(outside: str, plain: str) -> str:
    """A path whose answers tell the pods' loads."""
    loads = {"outside": outside, "echo-v3": plain}
    return "/?" + "&".join(
        f"header-of-{pod}={quote(f'endpoint-load-metrics: TEXT {load}')}" for pod, load in loads.items()
    )


BUSY = reporting(
    "application_utilization=0.9,rps_fractional=100", "application_utilization=0.1,rps_fractional=100"
)


async def shares(talk: Conversation, path: str) -> Counter[str]:
    """Who answers 100 requests after the weights had time to settle."""
    for _ in range(10):
        await talk.get(path)
        await asyncio.sleep(0.04)
    return Counter([(await talk.get(path))["pod"] for _ in range(100)])


async def asked(lab: Lab, settings: str, path: str) -> Counter[str]:
    """The same, with these settings."""
    written = policy(f"loadBalancer: {{backendUtilization: {{{settings}}}}}", host="two.test")
    async with lab.applied(TWO, written), conversation(lab, "two.test") as talk:
        return await shares(talk, path)


SOON = "weightStabilizationPeriod: 0.05s, weightUpdatePeriod: 0.1s"


@fields("DestinationRule", f"{REPORTS}.weightStabilizationPeriod")
async def test_who_is_busy_gets_less(lab: Lab) -> None:
    found = await asked(lab, SOON, BUSY)
    assert found["echo-v3"] > 80, found


@fields("DestinationRule", f"{REPORTS}.weightUpdatePeriod")
async def test_reports_count_from_time_to_time(lab: Lab) -> None:
    settings = "weightStabilizationPeriod: 0.05s, weightUpdatePeriod: 60s"
    written = policy(f"loadBalancer: {{backendUtilization: {{{settings}}}}}", host="two.test")
    async with lab.applied(TWO, written), conversation(lab, "two.test") as talk:
        await shares(talk, BUSY)
        await asyncio.sleep(1.2)
        found = await shares(talk, BUSY)
    assert found["outside"] > 40, found


@fields("DestinationRule", f"{REPORTS}.metricNamesForComputingUtilization")
async def test_another_figure_may_be_the_load(lab: Lab) -> None:
    path = reporting(
        "named_metrics.queue=0.9,rps_fractional=100", "named_metrics.queue=0.1,rps_fractional=100"
    )
    found = await asked(lab, f"{SOON}, metricNamesForComputingUtilization: [named_metrics.queue]", path)
    assert found["echo-v3"] > 80, found


@fields("DestinationRule", f"{REPORTS}.errorUtilizationPenaltyPercent")
async def test_errors_count_as_load_as_much_as_said(lab: Lab) -> None:
    load = "application_utilization=0.1,rps_fractional=100"
    path = reporting(f"{load},eps=50", load)
    hard = await asked(lab, f"{SOON}, errorUtilizationPenaltyPercent: 400", path)
    none = await asked(lab, f"{SOON}, errorUtilizationPenaltyPercent: 0", path)
    assert hard["outside"] < 15, hard
    assert none["outside"] > 35, none


@fields("DestinationRule", f"{REPORTS}.weightExpirationPeriod")
async def test_an_old_report_is_forgotten(lab: Lab) -> None:
    settings = f"{SOON}, weightExpirationPeriod: 0.3s"
    written = policy(f"loadBalancer: {{backendUtilization: {{{settings}}}}}", host="two.test")
    async with lab.applied(TWO, written), conversation(lab, "two.test") as talk:
        await shares(talk, BUSY)
        await asyncio.sleep(0.6)
        found = await shares(talk, "/")
    assert found["outside"] > 40, found
