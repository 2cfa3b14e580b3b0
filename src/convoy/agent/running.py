"""The agent's life: capture, names, certificates, then Envoy, until Envoy ends or the pod is stopped."""

import asyncio
import contextlib
import itertools
import signal
from collections.abc import Coroutine, Iterator
from typing import Any

from convoy.agent.admin import is_live
from convoy.agent.asking import Application
from convoy.agent.bootstrap import build_bootstrap
from convoy.agent.capture import build_capture_rules
from convoy.agent.certificates import keep_certificates
from convoy.agent.controlplane import ControlPlane
from convoy.agent.envoy import Envoy
from convoy.agent.errors import ControlPlaneError
from convoy.agent.group import Membership
from convoy.agent.listening import PATH as SERVING_PATH
from convoy.agent.listening import AwaitedPorts
from convoy.agent.names import Names
from convoy.agent.nft import apply_rules
from convoy.agent.probes import serve_probes
from convoy.agent.readiness import PATH as READY_PATH
from convoy.agent.readiness import serve_readiness
from convoy.agent.reporting import report
from convoy.agent.sds import SecretFiles
from convoy.agent.settings import DNS_PORT, FORWARDER_PORT, GROUP, AgentSettings
from convoy.agent.withdrawing import Withdrawal
from convoy.dns.server import DnsServer
from convoy.dns.table import EMPTY_TABLE
from convoy.dns.upstream import Upstream, UpstreamSettings
from convoy.kit.backoff import backoff
from convoy.kit.clock import SYSTEM_CLOCK, Clock

Json = dict[str, Any]

_BOOTSTRAP_TRIES = 5


async def run_agent(settings: AgentSettings, clock: Clock = SYSTEM_CLOCK) -> int:
    """Serve until Envoy exits or SIGTERM or SIGINT arrives; the exit status for the process.

    Raises CaptureError when the rules cannot be set: a pod whose traffic would go round its proxy must not
    start.
    """
    if settings.captures and settings.mark is not None:
        await apply_rules(build_capture_rules(mark=settings.mark, dns_port=DNS_PORT))
        report("capture rules set", mark=settings.mark)
    agent = _Agent(settings, clock)
    with _stop_signals() as stopped:
        return await agent.run(stopped)


class _Agent:
    """The tasks of one agent and what they know of each other."""

    def __init__(self, settings: AgentSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._upstream = Upstream(UpstreamSettings(nameservers=settings.nameservers, mark=settings.mark))
        self._control_plane = ControlPlane(settings, self._upstream)
        self._names = Names()
        self._awaited = AwaitedPorts(settings.awaited_ports, clock=clock)
        self._membership = (
            Membership(settings.instance_ip, mark=settings.mark, clock=clock)
            if settings.metadata.get(GROUP)
            else None
        )
        self._certified = asyncio.Event()
        self._stopping = False

    async def run(self, stopped: asyncio.Event) -> int:
        """Start everything; the exit status once Envoy has ended."""
        async with asyncio.TaskGroup() as tasks:
            helpers = [tasks.create_task(serve, name=name) for name, serve in self._helpers()]
            status = await self._run_envoy(stopped)
            for helper in helpers:
                helper.cancel()
        return status

    def _helpers(self) -> Iterator[tuple[str, Coroutine[None, None, None]]]:
        """Name and coroutine of each task that runs as long as the agent does."""
        settings, clock = self._settings, self._clock
        files, certified = SecretFiles(settings.files.sds_folder), self._certified.set
        reasons = {READY_PATH: self._why_not_ready, SERVING_PATH: self._why_not_serving}
        yield "readiness", serve_readiness(settings.instance_ip, reasons)
        yield (
            "certificates",
            keep_certificates(
                self._control_plane, files, roots=settings.files.roots, clock=clock, obtained=certified
            ),
        )
        if settings.captures:
            withdrawal = Withdrawal(settings.files.drain)
            application = Application(settings.instance_ip, mark=settings.mark)
            yield "withdrawal", withdrawal.run()
            yield "probes", serve_probes(settings, application, withdrawal.wait_let_go)
            if self._membership:
                yield "group", self._membership.run(self._control_plane)
            yield "names", self._names.keep_fresh(self._control_plane, clock=clock)
            answering = DnsServer(self._upstream, lambda: self._names.table)
            yield "dns", answering.serve("127.0.0.1", DNS_PORT)
            forwarding = DnsServer(self._upstream, lambda: EMPTY_TABLE)
            yield "dns:forwarder", forwarding.serve("127.0.0.1", FORWARDER_PORT)

    async def _run_envoy(self, stopped: asyncio.Event) -> int:
        if not await _comes_first(self._certified.wait(), stopped.wait()):
            return 0
        envoy = await Envoy.start(self._settings, await self._bootstrap())
        if await _comes_first(envoy.wait_exit(), stopped.wait()):
            status = await envoy.wait_exit()
            report("envoy exited", level="error", status=status)
            return 1
        self._stopping = True
        report("stopping", drain_seconds=self._settings.drain_seconds)
        await envoy.stop()
        return 0

    async def _bootstrap(self) -> Json:
        """What Envoy starts with; without the changes of EnvoyFilters where nobody answers for long."""
        built = build_bootstrap(self._settings)
        for pause in itertools.islice(backoff(0.1, at_most=1.0), _BOOTSTRAP_TRIES):
            try:
                return await self._control_plane.patch_bootstrap(built)
            except ControlPlaneError as error:  # another replica may know this pod only in a moment
                report("bootstrap not obtained", level="warning", reason=str(error))
                await self._clock.sleep(pause)
        return built

    async def _why_not_serving(self) -> str:
        # Its verdict holds until the next one: nobody need wait for another.
        asked = self._membership.why_not() if self._membership else ""
        return asked or await self._awaited.why_not(self._why_not_ready)

    async def _why_not_ready(self) -> str:
        if self._stopping:
            return "the proxy is stopping"
        if not self._certified.is_set():
            return "no certificate was obtained yet"
        if self._settings.captures and not self._names.arrived:
            return "no name table was obtained yet"
        return "" if await is_live() else "Envoy is not live yet"


async def _comes_first(one: Coroutine[Any, Any, object], other: Coroutine[Any, Any, object]) -> bool:
    """Whether `one` ends no later than `other`; whichever is late is cancelled."""
    waiting = [asyncio.ensure_future(one), asyncio.ensure_future(other)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return waiting[0].done()
    finally:
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


@contextlib.contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set while the context is open."""
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for each in signals:
        loop.add_signal_handler(each, stopped.set)
    try:
        yield stopped
    finally:
        for each in signals:
            loop.remove_signal_handler(each)
