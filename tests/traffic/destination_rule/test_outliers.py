"""Outlier detection: endpoints that fail are left out for a while.

Two pods without sidecars serve a host per case. Each pod fails the first requests with a key, so where one
pod has had them before, the other fails alone. The cases run side by side, because an ejection is seen by the
threads that serve only within a second: Envoy merges what changes at one time.
"""

import asyncio
from collections import Counter

from tests.traffic.destination_rule.server import OUTSIDE, PLAIN, conversation, no_retries, policy, server
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

DETECTION = "trafficPolicy.outlierDetection"
FAILING = 3
ALL_OUT = "baseEjectionTime: 60s, maxEjectionPercent: 100"
GATEWAY = f"consecutive5xxErrors: 0, consecutiveGatewayErrors: 3, {ALL_OUT}"

# The detection, with which status one endpoint fails three times in a row, and whether it is left out then.
CASES = {
    "errors": (f"consecutive5xxErrors: 3, {ALL_OUT}", 500, True),
    "fewer": (f"consecutive5xxErrors: 4, {ALL_OUT}", 500, False),
    "none": (f"consecutive5xxErrors: 0, {ALL_OUT}", 500, False),
    "gateway": (GATEWAY, 502, True),
    "application": (GATEWAY, 500, False),
    "old": (GATEWAY.replace("GatewayErrors", "Errors"), 504, True),
    "listed": (f"consecutive5xxErrors: 3, outlierDetectionHttpErrorCodes: [418, 429], {ALL_OUT}", 429, True),
    "panic": (f"consecutive5xxErrors: 3, minHealthPercent: 60, {ALL_OUT}", 503, False),
    "back": (
        "consecutive5xxErrors: 3, interval: 100ms, baseEjectionTime: 300ms, maxEjectionPercent: 100",
        503,
        False,
    ),
}


def objects(name: str, detection: str, *, port: int = 8000) -> tuple[str, ...]:
    """A host of both pods with a detection; `port` is the first one's."""
    return (
        server(name, f"{{address: {OUTSIDE}, ports: {{http: {port}}}}}", f"{{address: {PLAIN}}}"),
        no_retries(f"{name}.test").replace("shown", name),
        policy(
            f"loadBalancer: {{simple: ROUND_ROBIN}}\noutlierDetection: {{{detection}}}",
            host=f"{name}.test",
            name=name,
        ),
    )


async def outcome(lab: Lab, name: str, status: int) -> Counter[str]:
    """Who answers 40 requests after one pod's have failed."""
    path = f"/?fail={FAILING}&status={status}&key={lab.key()}"
    async with conversation(lab, f"{name}.test") as talk:
        # Past the rule: afterwards `outside` does not fail any more.
        for _ in range(FAILING):
            await lab.get("outside", f"http://{OUTSIDE}:8000{path}")
        first = [(await talk.get(path))["status"] for _ in range(FAILING * 2)]
        assert first.count(status) == FAILING, (name, first)
        await asyncio.sleep(2.2)
        return Counter([(await talk.get())["pod"] for _ in range(40)])


@fields("DestinationRule", f"{DETECTION}.consecutive5xxErrors", f"{DETECTION}.consecutiveGatewayErrors")
@fields("DestinationRule", f"{DETECTION}.consecutiveErrors", f"{DETECTION}.maxEjectionPercent")
@fields("DestinationRule", f"{DETECTION}.outlierDetectionHttpErrorCodes", f"{DETECTION}.minHealthPercent")
@fields("DestinationRule", f"{DETECTION}.interval", f"{DETECTION}.baseEjectionTime")
async def test_endpoints_that_fail_are_left_out(lab: Lab) -> None:
    written = [text for name, (detection, _, _) in CASES.items() for text in objects(name, detection)]
    async with lab.applied(*written):
        found = await asyncio.gather(*(outcome(lab, name, status) for name, (_, status, _) in CASES.items()))
    left_out = {name: pods["echo-v3"] == 0 for name, pods in zip(CASES, found, strict=True)}
    assert left_out == {name: is_out for name, (_, _, is_out) in CASES.items()}
    assert all(pods["outside"] for pods in found)


@fields("DestinationRule", f"{DETECTION}.splitExternalLocalOriginErrors")
@fields("DestinationRule", f"{DETECTION}.consecutiveLocalOriginFailures")
async def test_failures_to_connect_are_counted_apart(lab: Lab) -> None:
    apart = "splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 2"
    detection = f"consecutive5xxErrors: 0, {apart}, {ALL_OUT}"
    async with (
        lab.applied(*objects("connecting", detection, port=9998)),
        conversation(lab, "connecting.test") as talk,
    ):
        failed = [(await talk.get())["status"] for _ in range(4)]
        await asyncio.sleep(1.2)
        later = [(await talk.get())["status"] for _ in range(10)]
    assert sorted(failed) == [200, 200, 503, 503]
    assert later == [200] * 10
