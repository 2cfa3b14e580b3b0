"""Whether this workload is ready, as the WorkloadGroup that it is a member of asks.

The control plane says how the group asks; the agent asks, and the answers count for the pod's readiness,
which everybody hears of. Until the first answer is known nothing is well, and without a probe everything is.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from convoy.agent.app_probes import AppProbe, GrpcProbe, HttpHeader, HttpProbe, TcpProbe
from convoy.agent.asking import Application, AskError
from convoy.agent.controlplane import ControlPlane
from convoy.agent.errors import ControlPlaneError
from convoy.agent.reporting import report
from convoy.api.agents import ProbeAnswer
from convoy.api.istio.workload_group import ReadinessProbe
from convoy.kit.backoff import backoff
from convoy.kit.clock import Clock

_SHORTEST_POLL = 1.0
UNKNOWN = "its group's probe is not known yet"


class Verdict:
    """What a row of answers means: it takes some in a row to turn it."""

    def __init__(self, probe: ReadinessProbe) -> None:
        self._needed = {True: probe.success_threshold or 1, False: probe.failure_threshold or 3}
        self._row = 0
        self.is_well = False

    def note(self, is_well: bool) -> None:
        """Take one answer into account."""
        self._row = 0 if is_well is self.is_well else self._row + 1
        if self._row >= self._needed[is_well]:
            self.is_well, self._row = is_well, 0


class Membership:
    """The group's probe, asked again and again."""

    def __init__(self, address: str, *, mark: int | None, clock: Clock) -> None:
        self._address = address
        self._mark = mark
        self._clock = clock
        self._answer: ProbeAnswer | None = None
        self._asking: asyncio.Task[None] | None = None
        self._why_not = UNKNOWN

    def why_not(self) -> str:
        """The reason for not being ready, empty when ready."""
        return self._why_not

    async def run(self, control_plane: ControlPlane) -> None:
        """Ask as the newest probe says; never returns."""
        delays = backoff(0.2, at_most=5.0)
        try:
            while True:
                asked_at = self._clock.monotonic()
                try:
                    newer = await control_plane.wait_probe(self._answer.version if self._answer else "")
                except ControlPlaneError as error:
                    report("probe not obtained", level="warning", reason=str(error))
                    await self._clock.sleep(next(delays))
                    continue
                delays = backoff(0.2, at_most=5.0)
                if newer is not None:
                    await self._take(newer)
                elif self._clock.monotonic() - asked_at < _SHORTEST_POLL:
                    await self._clock.sleep(_SHORTEST_POLL)
        finally:
            await self._stop()

    async def _take(self, answer: ProbeAnswer) -> None:
        await self._stop()
        self._answer = answer
        probe = answer.probe
        self._why_not = "its group's probe has not succeeded yet" if probe else ""
        report("probe obtained", version=answer.version, asks=probe is not None)
        if probe:
            self._asking = asyncio.create_task(self._ask_on(probe), name="probe")

    async def _stop(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._asking
            self._asking = None

    async def _ask_on(self, probe: ReadinessProbe) -> None:
        verdict = Verdict(probe)
        await self._clock.sleep(probe.initial_delay_seconds)
        while True:
            reason = await self._ask(probe)
            verdict.note(not reason)
            self._why_not = "" if verdict.is_well else f"its group's probe: {reason or 'too few successes'}"
            await self._clock.sleep(probe.period_seconds or 10)

    async def _ask(self, probe: ReadinessProbe) -> str:
        """What is wrong; empty when nothing is."""
        seconds = probe.timeout_seconds or 1
        if probe.exec is not None:
            return await run_command(probe.exec.command, seconds=seconds)
        host, asked = app_probe(probe, seconds=seconds)
        try:
            asking = Application(host or self._address, mark=self._mark, is_elsewhere=bool(host))
            status = await asking.ask(asked, {})
        except AskError as error:
            return str(error)
        return "" if 200 <= status < 400 else f"the answer is {status}"


def app_probe(probe: ReadinessProbe, *, seconds: float) -> tuple[str, AppProbe]:
    """The host to ask, empty for the workload itself, and what is asked there."""
    if (http := probe.http_get) is not None:
        headers = tuple(HttpHeader(name=each.name, value=each.value) for each in http.http_headers)
        asked = HttpProbe(http.port, http.path or "/", http.scheme or "HTTP", headers)
        return http.host, AppProbe(http_get=asked, timeout_seconds=seconds)
    if (tcp := probe.tcp_socket) is not None:
        return tcp.host, AppProbe(tcp_socket=TcpProbe(tcp.port), timeout_seconds=seconds)
    grpc = probe.grpc
    asked_service = GrpcProbe(grpc.port or 0, grpc.service) if grpc else None
    return "", AppProbe(grpc=asked_service, timeout_seconds=seconds)


async def run_command(command: Sequence[str], *, seconds: float) -> str:
    """What is wrong with the end of a command beside the proxy; empty when it ends well and in time."""
    if not command:
        return "there is no command"
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except (OSError, ValueError) as error:
        return str(error)
    try:
        async with asyncio.timeout(seconds):
            status = await process.wait()
    except TimeoutError:
        return f"the command did not end within {seconds:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return f"the command ended with {status}" if status else ""
