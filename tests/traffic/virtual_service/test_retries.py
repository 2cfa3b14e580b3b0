"""Timeouts and retries: how long is waited, how often and for what it is tried again."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import virtual_service

pytestmark = TRAFFIC

ECHO_URL = "http://echo:8000"


def rule(more: str) -> str:
    """One destination, so that a second try finds the pod that knows of the first."""
    return virtual_service(f"""
    - route: [{{destination: {{host: echo, subset: v1}}}}]
      {more}
""")


SUBSETS = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: echo, namespace: default}
spec: {host: echo, subsets: [{name: v1, labels: {version: v1}}]}
"""


@fields("VirtualService", "http.timeout")
async def test_a_timeout_ends_a_request(lab: Lab) -> None:
    async with lab.applied(SUBSETS, rule("timeout: 0.3s")):
        late = await lab.get("client", f"{ECHO_URL}/delay/2")
        soon = await lab.get("client", f"{ECHO_URL}/delay/0.01")
    assert (late.status, soon.status) == (504, 200)
    assert 0.29 < late.seconds < 2


@fields("VirtualService", "http.retries.attempts", "http.retries.retryOn")
async def test_a_failed_request_is_tried_again_as_often_as_said(lab: Lab) -> None:
    async with lab.applied(SUBSETS, rule("retries: {attempts: 3, retryOn: 'gateway-error,503'}")):
        third = await lab.get("client", f"{ECHO_URL}/?fail=3&key={lab.key()}&status=503")
        fourth = await lab.get("client", f"{ECHO_URL}/?fail=4&key={lab.key()}&status=503")
        other = await lab.get("client", f"{ECHO_URL}/?fail=1&key={lab.key()}&status=500")
    assert (third.status, fourth.status, other.status) == (200, 503, 500)


async def test_attempts_of_zero_turn_retries_off(lab: Lab) -> None:
    async with lab.applied(SUBSETS, rule("retries: {attempts: 0}")):
        assert (await lab.get("client", f"{ECHO_URL}/?fail=1&key={lab.key()}&how=reset")).status == 503


@fields("VirtualService", "http.retries.perTryTimeout")
async def test_each_try_has_a_time_of_its_own(lab: Lab) -> None:
    async with lab.applied(
        SUBSETS, rule("retries: {attempts: 1, perTryTimeout: 0.2s, retryOn: 5xx}\n      timeout: 5s")
    ):
        late = await lab.get("client", f"{ECHO_URL}/delay/2")
    assert late.status == 504
    assert 0.39 < late.seconds < 2
