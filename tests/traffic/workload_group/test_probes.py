"""How a member of a WorkloadGroup is asked whether it is ready: what its agent then tells the kubelet."""

import asyncio
import contextlib
import time

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.workload_group.objects import ADDRESS, TEMPLATE, group

pytestmark = TRAFFIC

OUTSIDE = "198.18.1.41"
READY = "ready"
NOT_YET = "its group's probe has not succeeded yet"
ILL = "/tmp/ill"


def asked(lab: Lab, probe: str) -> contextlib.AbstractAsyncContextManager[object]:
    """The group asks its member so while the context is open."""
    return lab.applied(group(f"{TEMPLATE}  probe: {probe}\n"))


async def told(lab: Lab) -> str:
    """Whether the member is ready, or why not."""
    answer = await lab.get("outside", f"http://{ADDRESS}:15021/healthz/serving")
    return answer.body.decode().strip().removeprefix("its group's probe: ")


async def becomes(lab: Lab, wanted: str, *, patience: float = 5.0) -> bool:
    """Whether the member says so, sooner or later."""
    deadline = time.monotonic() + patience
    while wanted not in await told(lab):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


@fields("WorkloadGroup", "probe.httpGet.path", "probe.httpGet.port", "probe.httpGet.host")
@fields("WorkloadGroup", "probe.httpGet.scheme", "probe.tcpSocket.port", "probe.tcpSocket.host")
@fields("WorkloadGroup", "probe.httpGet.httpHeaders.name", "probe.httpGet.httpHeaders.value")
@fields("WorkloadGroup", "probe.exec.command", "probe.grpc.port", "probe.grpc.service")
@fields("WorkloadGroup", "probe.timeoutSeconds")
async def test_each_way_of_asking_says_what_it_finds(lab: Lab) -> None:
    # Nobody but `outside` listens on port 80; a server answers 417 to an `Expect` that it does not know.
    wanted = {
        "{httpGet: {path: /status/418, port: 8002}}": "the answer is 418",
        f"{{httpGet: {{port: 80, host: {OUTSIDE}}}}}": READY,
        "{httpGet: {port: 80}}": "Connect call failed",
        "{httpGet: {port: 8443, scheme: HTTPS}}": READY,
        "{httpGet: {port: 8002, httpHeaders: [{name: Expect, value: patience}]}}": "the answer is 417",
        f"{{tcpSocket: {{port: 80, host: {OUTSIDE}}}}}": READY,
        "{tcpSocket: {port: 80}}": "Connect call failed",
        "{exec: {command: [sh, -c, exit 7]}}": "the command ended with 7",
        "{grpc: {port: 7000}}": READY,
        "{grpc: {port: 7000, service: sick}}": "NOT_SERVING",
        "{httpGet: {path: /delay/1.4, port: 8002}, timeoutSeconds: 3}": READY,
        "{httpGet: {path: /delay/1.4, port: 8002}}": "no answer within 1 s",
    }
    for probe, says in wanted.items():
        async with asked(lab, probe):
            assert await becomes(lab, says), (probe, await told(lab))


@fields("WorkloadGroup", "probe.initialDelaySeconds", "probe.periodSeconds")
async def test_asking_begins_after_a_delay_and_goes_on_in_turns(lab: Lab) -> None:
    async with asked(lab, "{tcpSocket: {port: 8002}, initialDelaySeconds: 1}"):
        await asyncio.sleep(0.5)
        assert await told(lab) == NOT_YET
        assert await becomes(lab, READY)
    async with asked(lab, "{httpGet: {port: 8002}, periodSeconds: 1}"):
        assert await becomes(lab, READY)
        before = await lab.seen("default/member", port=8002)
        await asyncio.sleep(1.5)
        assert 1 <= await lab.seen("default/member", port=8002) - before <= 2


@fields("WorkloadGroup", "probe.successThreshold", "probe.failureThreshold")
async def test_some_answers_in_a_row_turn_the_verdict(lab: Lab) -> None:
    probe = (
        f"{{exec: {{command: [test, '!', -e, {ILL}]}}, periodSeconds: 1, successThreshold: 2,"
        " failureThreshold: 1}"
    )
    async with asked(lab, probe):
        assert await becomes(lab, "too few successes")
        assert await becomes(lab, READY)
        await in_sidecar(lab, "touch", ILL)
        start = time.monotonic()
        assert await becomes(lab, "the command ended with 1")
        # By default it takes three failures, and the last of them comes after two seconds.
        assert time.monotonic() - start < 1.8


async def in_sidecar(lab: Lab, *argv: str) -> None:
    """Run a command where the agent runs its own."""
    done = await lab.local.world.exec("lab", "default", "member", list(argv), container="istio-proxy")
    assert done.rc == 0, done.stderr
