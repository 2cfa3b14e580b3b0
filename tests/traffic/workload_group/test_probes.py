"""How a member of a WorkloadGroup is asked whether it is ready: what its agent then tells the kubelet."""

import asyncio
import contextlib
import time

from tests.kit.waiting import until
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.workload_group.objects import ADDRESS, TEMPLATE, group

pytestmark = TRAFFIC

OUTSIDE = "198.18.1.41"
READY = "ready"
NOT_YET = "its group's probe has not succeeded yet"
MEMBER = "default/member"
ILL, ASKED = "/tmp/ill", "/tmp/asked"


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
    first = await lab.seen(MEMBER, port=8002)
    async with asked(lab, "{httpGet: {port: 8002}, periodSeconds: 1}"):

        async def since() -> int:
            return await lab.seen(MEMBER, port=8002) - first

        before: int = await until(since)
        await asyncio.sleep(1.5)
        assert 1 <= await since() - before <= 2


@fields("WorkloadGroup", "probe.successThreshold", "probe.failureThreshold")
async def test_some_answers_in_a_row_turn_the_verdict(lab: Lab) -> None:
    command = f"echo asked >> {ASKED}; test ! -e {ILL}"
    probe = f"{{exec: {{command: [sh, -c, '{command}']}}, periodSeconds: 1, successThreshold: 2,"
    await in_sidecar(lab, f"rm -f {ILL} {ASKED}")
    async with asked(lab, f"{probe} failureThreshold: 1}}"):
        assert await becomes(lab, "too few successes")
        assert await becomes(lab, READY)
        before = await in_sidecar(lab, f"touch {ILL}; wc -l < {ASKED}")
        assert await becomes(lab, "the command ended with 1")
        # By default it would take three; one more may come before we look.
        assert int(await in_sidecar(lab, f"wc -l < {ASKED}")) - int(before) <= 2


async def in_sidecar(lab: Lab, command: str) -> str:
    """What a command says where the agent runs its own."""
    namespace, pod = MEMBER.split("/")
    argv = ["sh", "-c", command]
    done = await lab.local.world.exec("lab", namespace, pod, argv, container="istio-proxy")
    assert done.rc == 0, done.stderr
    return done.stdout.decode()
