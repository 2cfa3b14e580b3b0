"""Whether a member of a WorkloadGroup is ready, as its group asks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from tests.kit.waiting import until

from convoy.agent.errors import ControlPlaneError
from convoy.agent.group import UNKNOWN, Membership, Verdict, app_probe, run_command
from convoy.api.agents import ProbeAnswer
from convoy.api.istio.workload_group import (
    ExecProbe,
    GrpcProbe,
    HttpGetProbe,
    HttpHeader,
    ReadinessProbe,
    TcpSocketProbe,
)
from convoy.kit.clock import SYSTEM_CLOCK


@pytest.mark.parametrize(
    ("thresholds", "answers", "verdicts"),
    [
        ((0, 0), "+---+", "+++-+"),
        ((2, 1), "++-++", "-+--+"),
        ((1, 2), "+-+--", "++++-"),
    ],
)
def test_it_takes_some_answers_in_a_row_to_turn_a_verdict(
    thresholds: tuple[int, int], answers: str, verdicts: str
) -> None:
    success, failure = thresholds
    verdict = Verdict(ReadinessProbe(success_threshold=success, failure_threshold=failure))
    found = ""
    for answer in answers:
        verdict.note(answer == "+")
        found += "+" if verdict.is_well else "-"
    assert found == verdicts


def test_what_is_asked_is_what_the_group_says() -> None:
    http = HttpGetProbe(
        port=8080, path="/x", host="10.0.0.9", scheme="HTTPS", http_headers=[HttpHeader(name="a", value="b")]
    )
    host, asked = app_probe(ReadinessProbe(http_get=http), seconds=3)
    assert host == "10.0.0.9"
    assert asked.http_get is not None
    assert (asked.http_get.port, asked.http_get.path, asked.http_get.scheme) == (8080, "/x", "HTTPS")
    assert [(one.name, one.value) for one in asked.http_get.http_headers] == [("a", "b")]
    assert asked.timeout_seconds == 3
    host, asked = app_probe(ReadinessProbe(tcp_socket=TcpSocketProbe(port=1, host="h")), seconds=1)
    assert (host, asked.tcp_socket and asked.tcp_socket.port) == ("h", 1)
    host, asked = app_probe(ReadinessProbe(grpc=GrpcProbe(port=2, service="s")), seconds=1)
    assert asked.grpc is not None
    assert (host, asked.grpc.port, asked.grpc.service) == ("", 2, "s")


async def test_a_command_must_end_well_and_in_time() -> None:
    assert await run_command(["true"], seconds=5) == ""
    assert await run_command(["false"], seconds=5) == "the command ended with 1"
    assert "did not end within" in await run_command(["sleep", "60"], seconds=0.01)
    assert "No such file" in await run_command(["/nowhere/to/be/found"], seconds=5)


class Told:
    """A control plane that says one thing after another."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[ProbeAnswer | ControlPlaneError] = asyncio.Queue()
        self.versions: list[str] = []

    async def wait_probe(self, version: str) -> ProbeAnswer | None:
        self.versions.append(version)
        answer = await self.answers.get()
        if isinstance(answer, ControlPlaneError):
            raise answer
        return answer


@contextlib.asynccontextmanager
async def member() -> AsyncIterator[tuple[Membership, Told]]:
    membership, told = Membership("127.0.0.1", mark=None, clock=SYSTEM_CLOCK), Told()
    running = asyncio.create_task(membership.run(told))  # type: ignore[arg-type]
    try:
        yield membership, told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_member_is_ready_once_it_is_asked_nothing_or_answers() -> None:
    async with member() as (membership, told):
        assert membership.why_not() == UNKNOWN
        told.answers.put_nowait(ControlPlaneError("away"))
        told.answers.put_nowait(ProbeAnswer("1"))
        await until(lambda: membership.why_not() == "")
        told.answers.put_nowait(ProbeAnswer("2", ReadinessProbe(exec=ExecProbe(command=["false"]))))
        await until(lambda: "ended with 1" in membership.why_not())
        told.answers.put_nowait(ProbeAnswer("3", ReadinessProbe(exec=ExecProbe(command=["true"]))))
        await until(lambda: membership.why_not() == "")
        assert told.versions == ["", "", "1", "2", "3"]


async def test_an_unanswered_probe_says_why() -> None:
    async with member() as (membership, told):
        nobody = ReadinessProbe(tcp_socket=TcpSocketProbe(port=1), period_seconds=1)
        told.answers.put_nowait(ProbeAnswer("1", nobody))
        await until(lambda: "probe: " in membership.why_not())
