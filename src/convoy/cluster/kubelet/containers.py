"""One container over its life: start, hooks, probes, restarts with growing delays, graceful end."""

import asyncio
import signal
from contextlib import suppress
from typing import Any

from convoy.api.kube.core import Container, Probe
from convoy.cluster.errors import WorldError, WorldGoneError
from convoy.cluster.kubelet.contexts import PodContext as PodContext  # callers find it here
from convoy.cluster.kubelet.deadlines import Deadline
from convoy.cluster.kubelet.ending import RunHook, end_process
from convoy.cluster.kubelet.health import Health
from convoy.cluster.kubelet.hooks import HookError, run_hook
from convoy.cluster.kubelet.launching import beside, build_plan
from convoy.cluster.kubelet.logs import ContainerLog
from convoy.cluster.kubelet.outputs import RunLogs
from convoy.cluster.kubelet.preparing import IMAGE_UNKNOWN as IMAGE_UNKNOWN
from convoy.cluster.kubelet.preparing import wait_plan
from convoy.cluster.kubelet.probes import ProbeTarget, probe_target
from convoy.cluster.kubelet.progress import KILLED, Progress
from convoy.cluster.kubelet.sandboxes import Process, Sandbox
from convoy.cluster.kubelet.states import ContainerView, Role, Running, Seed, Terminated, Waiting
from convoy.cluster.kubelet.stdio import Stdio, run_and_collect
from convoy.cluster.sandbox.plan import ProcessPlan
from convoy.cluster.types import ContainerStatus

DEFAULT_GRACE = 30
_LONGEST_MESSAGE = 4096
_LOGGED_MESSAGE = 2048
_LINES_FOR_MESSAGE = 80


class ContainerRunner:
    """Keeps one container of a pod in the state its spec asks for."""

    def __init__(
        self,
        context: PodContext,
        container: Container,
        role: Role,
        log: ContainerLog | RunLogs,
        seed: Seed | None = None,
    ) -> None:
        seed = seed or Seed()
        self.role: Role = role
        self.log = log
        self.started = asyncio.Event()
        self.process: Process | None = None
        self.stdio: Stdio | None = None
        self.progress = Progress(context, container, role, seed)
        self._done = seed.last.exit_code if seed.is_done and seed.last else None
        self._context = context
        self._plan: ProcessPlan | None = None
        self._was_lost = False  # it ran in a sandbox that is gone
        self._was_replaced = False
        self._stopping = asyncio.Event()
        self._beside: set[Process] = set()
        self._early_hook: asyncio.Task[None] | None = None

    @property
    def container(self) -> Container:
        """What it runs."""
        return self.progress.container

    @property
    def is_running(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and not self.process.exited.done()

    def view(self) -> ContainerView:
        """How the container is, for the API."""
        return self.progress.view()

    def status(self) -> ContainerStatus:
        """How the container is, for callers of the world."""
        return self.progress.status(self.process.pid if self.process else 0)

    async def keep(self, sandbox: Sandbox) -> int:
        """Run and restart as the restartPolicy says; the exit code once there is nothing more to run."""
        if self._done is not None:
            return self._done
        self._was_lost = False
        delays = self._context.habits.delays()
        while True:
            began = asyncio.get_running_loop().time()
            code = await self._run_once(sandbox)
            if not self._is_restarted_after(code):
                return self._finish(code)
            if asyncio.get_running_loop().time() - began > self._context.habits.ran_well:
                delays = self._context.habits.delays()
            if not self._was_replaced:
                await self._back_off(next(delays))
            self._was_replaced = False
            if self._stopping.is_set():
                return self._finish(code)

    @property
    def would_run(self) -> bool:
        """Whether a new sandbox would find it something to run."""
        return self._done is None and not (self._was_lost and not self._is_restarted_after(KILLED))

    def give_up(self) -> None:
        """If it was lost with its sandbox, it is not to run again."""
        if self._done is None and self._was_lost:
            self._finish(KILLED)

    def _finish(self, code: int) -> int:
        self.progress.settle()
        if self.role != "init":  # those run again in a new sandbox
            self._done = code
        return code

    def _is_restarted_after(self, code: int) -> bool:
        if self._stopping.is_set() or self.role == "ephemeral":
            return False
        policy = self._context.pod.spec.restart_policy
        if self._was_replaced or self.role == "sidecar" or (self.role == "app" and policy == "Always"):
            return True
        return code != 0 and policy != "Never"

    async def _back_off(self, delay: float) -> None:
        if delay <= 0:
            return
        pod, name = self._context.pod.metadata, self.container.name
        if self._context.habits.own_roots:
            where = f"container={name} pod={pod.name}_{pod.namespace}({pod.uid})"
            text = f"back-off {duration_text(delay)} restarting failed {where}"
            where = f"container {name} in pod {pod.name}_{pod.namespace}({pod.uid})"
            self.progress.record("Warning", "BackOff", f"Back-off restarting failed {where}")
        else:
            how = self.progress.state.how if isinstance(self.progress.state, Terminated) else ""
            text = f"{how}; restarted in {delay:.1f} s"
        self.progress.change(Waiting("CrashLoopBackOff", text))
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._stopping.wait()

    async def _run_once(self, sandbox: Sandbox) -> int:
        self._plan = await wait_plan(self._context, self.progress, self._stopping)
        if self._plan is None:
            return KILLED
        self.log.begin(self.progress.begin())
        try:
            self.process = await self._start(sandbox, self._plan)
        except WorldGoneError:
            raise
        except WorldError as error:
            return await self._record_no_start(str(error))
        self.progress.record("Normal", "Created", f"Created container: {self.container.name}")
        self.progress.record("Normal", "Started", f"Started container {self.container.name}")
        target = self._target(sandbox)
        if await self._run_post_start(target, self.process):
            assert self.progress.began is not None
            self.progress.change(Running(self.progress.began))
            self.progress.tell("container-started", f"pid {self.process.pid}")
            await self._watch(target, self.process)
        code = await self.process.wait()
        return await self._record_end(code, self.process)

    async def _watch(self, target: ProbeTarget, process: Process) -> None:
        """Probe the container until its process ends."""
        if self._stopping.is_set() and not process.exited.done():
            await process.signal(signal.SIGTERM)  # it was just being started when its end was asked for
        health = Health(self.progress, target, started=self.started, fail=self._end_failed)
        watching = asyncio.create_task(health.watch(), name=f"probes:{self.container.name}")
        try:
            either: set[asyncio.Future[Any]] = {process.exited, watching}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()  # without probes to repeat it ends early; a fault must not pass unseen
            await process.wait()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            self.started.clear()

    def _target(self, sandbox: Sandbox) -> ProbeTarget:
        async def run(argv: list[str]) -> tuple[int, str]:
            return await run_and_collect(lambda stdio: self.start_beside(sandbox, argv, stdio))

        return probe_target(self._context.pod, self.container, sandbox.netns, run)

    async def _run_post_start(self, target: ProbeTarget, process: Process) -> bool:
        """Whether the container may go on; it is ended when its hook failed."""
        hook = self.container.lifecycle.get("postStart")
        if not hook:
            return True
        running = asyncio.create_task(run_hook(hook, target), name=f"postStart:{self.container.name}")
        either: set[asyncio.Future[Any]] = {process.exited, running}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            return running.done()
        except HookError as error:
            self.progress.record("Warning", "FailedPostStartHook", f"PostStartHook failed: {error}")
            await self._end(Deadline(self._grace()), "FailedPostStartHook")
            return False
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _record_no_start(self, text: str) -> int:
        self.progress.record("Warning", "Failed", f"Error: {text}")
        await self.log.finish()
        return self.progress.end(128, reason="StartError", message=text, how=text)

    async def _record_end(self, code: int, process: Process) -> int:
        how = f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
        exit_code = code if code >= 0 else 128 - code
        if self.stdio is not None:
            self.stdio.close()
        for other in tuple(self._beside):
            await other.kill()
        await self.log.finish()
        message = await self._read_message(exit_code, process)
        self.progress.end(exit_code, message=message, how=how)
        self.progress.tell("container-exited", how)
        return exit_code

    async def _read_message(self, code: int, process: Process) -> str:
        """What the container left in its termination log, or failing that in its log."""
        if self._plan is None or "root" not in self._plan:
            return ""
        with suppress(WorldError):
            file = self._plan["root"]["termination"]
            text = await process.sandbox.read_message(file, at_most=_LONGEST_MESSAGE)
            if text or code == 0 or self.container.termination_message_policy != "FallbackToLogsOnError":
                return text
        return "\n".join(self.log.last_lines(_LINES_FOR_MESSAGE))[-_LOGGED_MESSAGE:]

    def lose(self) -> None:
        """The sandbox is gone, and the process with it."""
        self._was_lost = isinstance(self.progress.state, Running)
        if self._was_lost:
            self.progress.end(KILLED, how="was ended with its pod's sandbox")
        if self.stdio is not None:
            self.stdio.close()
        if isinstance(self.log, RunLogs):
            self.log.close()
        self.process = None
        self.started.clear()
        self._drop_early_hook()

    async def _start(self, sandbox: Sandbox, plan: ProcessPlan) -> Process:
        self.stdio = await Stdio.open(self.container, sandbox, self.log)
        try:
            return await sandbox.start(self.container.name, plan, self.stdio.theirs)
        except BaseException:
            self.stdio.close()
            raise
        finally:
            self.stdio.close_theirs()

    async def start_beside(
        self, sandbox: Sandbox, argv: list[str], stdio: tuple[int, int, int], *, tty: bool = False
    ) -> Process:
        """Start a command with this container's view of files and variables."""
        plan = self._plan or build_plan(self._context, self.container)
        running = self.process.name if self.process else ""
        planned = beside(plan, argv, running=running, tty=tty)
        process = await sandbox.start(f"{self.container.name}/exec", planned, stdio)
        self._beside.add(process)
        process.exited.add_done_callback(lambda _code: self._beside.discard(process))
        return process

    async def _end_failed(self, which: str, failure: str, probe: Probe) -> None:
        """End a container whose probe failed; the policy then restarts it."""
        if self._stopping.is_set():
            return
        self.progress.tell("probe-failed", f"{which} probe: {failure}")
        own = probe.termination_grace_period_seconds
        why = f"Container {self.container.name} failed {which} probe, will be restarted"
        await self._end(Deadline(self._grace() if own is None else own), why)

    def _grace(self) -> float:
        grace = self._context.pod.spec.termination_grace_period_seconds
        return DEFAULT_GRACE if grace is None else grace

    async def signal(self, number: int) -> None:
        """Send a signal to the container's main process."""
        if self.process is None or self.process.exited.done():
            raise WorldError(f"container {self.container.name} does not run.")
        await self.process.signal(number)

    async def replace(self, container: Container) -> None:
        """Run another image from now on."""
        self.progress.container = container
        if self.is_running:
            self._was_replaced = True
            why = f"Container {container.name} definition changed, will be restarted"
            await self._end(Deadline(self._grace()), why)

    def begin_stop(self) -> None:
        """The pod ends: run the preStop hook now, though SIGTERM comes at the container's turn."""
        self._stopping.set()
        hook, process = self.container.lifecycle.get("preStop"), self.process
        if hook and process is not None and self.is_running and self._early_hook is None:
            running = run_hook(hook, self._target(process.sandbox))
            self._early_hook = asyncio.create_task(running, name=f"preStop:{self.container.name}")

    def _drop_early_hook(self) -> None:
        early, self._early_hook = self._early_hook, None
        if early is not None:
            early.cancel()
            early.add_done_callback(lambda task: task.cancelled() or task.exception())  # nobody asks for it

    async def stop(self, grace: float | Deadline) -> None:
        """End the container gracefully, for good."""
        self._stopping.set()
        deadline = grace if isinstance(grace, Deadline) else Deadline(grace)
        await self._end(deadline, f"Stopping container {self.container.name}")

    async def _end(self, deadline: Deadline, why: str) -> None:
        """Return once its process, if it runs, has ended."""
        process = self.process
        if process is None or process.exited.done():
            self._drop_early_hook()
            return
        self.progress.record("Normal", "Killing", why)
        await end_process(
            process,
            deadline,
            pre_stop=self._pre_stop(process.sandbox),
            on_failure=lambda failure: self.progress.record(
                "Warning", "FailedPreStopHook", f"PreStopHook failed: {failure}"
            ),
        )
        self._drop_early_hook()

    def _pre_stop(self, sandbox: Sandbox) -> RunHook | None:
        """The preStop hook, which may be running already."""
        if (early := self._early_hook) is not None:
            return lambda: early
        hook, target = self.container.lifecycle.get("preStop"), self._target(sandbox)
        return (lambda: run_hook(hook, target)) if hook else None


def duration_text(seconds: float) -> str:
    """As Go prints a duration: `10s`, `1m20s`, `5m0s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
