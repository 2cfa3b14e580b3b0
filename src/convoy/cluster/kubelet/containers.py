"""One container over its life: start, probes, restarts with growing delays, graceful end."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from convoy.api.kube.core import Container, Pod, Probe
from convoy.cluster.errors import WorldError, WorldGoneError
from convoy.cluster.images import UnknownImageError, build_command, default_path
from convoy.cluster.kubelet.environment import MissingReferenceError, build_environment, expand_all
from convoy.cluster.kubelet.logs import ContainerLog
from convoy.cluster.kubelet.probes import ProbeTarget, probe_target, watch_probe
from convoy.cluster.kubelet.sandboxes import Process, Sandbox
from convoy.cluster.kubelet.volumes import plan_mounts
from convoy.cluster.linux.capabilities import capability_name
from convoy.cluster.objects import ObjectStore
from convoy.cluster.sandbox.plan import ProcessPlan
from convoy.cluster.types import ContainerStatus, ImageEntry
from convoy.kit.backoff import backoff

Role = Literal["init", "sidecar", "app"]
IMAGE_UNKNOWN = "ImagePullBackOff"

_FIRST_RESTART = 0.2
_LONGEST_RESTART = 30.0
_RAN_WELL = 60.0  # seconds after which an end counts as the first one again


class PodContext(msgspec.Struct, frozen=True):
    """What a pod's containers share.

    `report(what, container, detail)` tells of a change; `wait_objects` waits for one of the objects.
    """

    pod: Pod
    objects: ObjectStore
    images: tuple[ImageEntry, ...]
    report: Callable[[str, str, str], None]
    wait_objects: Callable[[], Awaitable[None]]


class ContainerRunner:
    """Keeps one container of a pod in the state its spec asks for."""

    def __init__(self, context: PodContext, container: Container, role: Role, log: ContainerLog) -> None:
        self.container = container
        self.role: Role = role
        self.log = log
        self.started = asyncio.Event()
        self._context = context
        self._process: Process | None = None
        self._plan: ProcessPlan | None = None
        self._state: Literal["waiting", "running", "terminated"] = "waiting"
        self._reason = "ContainerCreating"
        self._message = ""
        self._ready = False
        self._restarts = 0
        self._exit_code: int | None = None
        self._stopping = False

    def status(self) -> ContainerStatus:
        """How the container is."""
        return ContainerStatus(
            name=self.container.name,
            role=self.role,
            state=self._state,
            ready=self._ready,
            restarts=self._restarts,
            pid=self._process.pid if self._process and self._state == "running" else 0,
            exit_code=self._exit_code,
            reason=self._reason,
            message=self._message,
        )

    async def keep(self, sandbox: Sandbox) -> int:
        """Run and restart as the restartPolicy says; the exit code once there is nothing more to run."""
        delays = backoff(_FIRST_RESTART, at_most=_LONGEST_RESTART)
        while True:
            began = asyncio.get_running_loop().time()
            code = await self._run_once(sandbox)
            if not self._is_restarted_after(code):
                return code
            if asyncio.get_running_loop().time() - began > _RAN_WELL:
                delays = backoff(_FIRST_RESTART, at_most=_LONGEST_RESTART)
            self._restarts += 1
            delay = next(delays)
            self._change("waiting", "CrashLoopBackOff", f"{self._message}; restarted in {delay:.1f} s")
            await asyncio.sleep(delay)

    def _is_restarted_after(self, code: int) -> bool:
        if self._stopping:
            return False
        policy = self._context.pod.spec.restart_policy
        if self.role == "sidecar" or (self.role == "app" and policy == "Always"):
            return True
        return code != 0 and policy != "Never"

    async def _run_once(self, sandbox: Sandbox) -> int:
        self._plan = await self._wait_plan()
        try:
            self._process = await self._start(sandbox, self._plan)
        except WorldGoneError:
            raise
        except WorldError as error:
            self._exit_code = 128
            self._change("terminated", "StartError", str(error))
            return 128
        self._exit_code = None
        self._change("running", "", "")
        self._context.report("container-started", self.container.name, f"pid {self._process.pid}")
        probes = asyncio.create_task(self._watch_probes(sandbox), name=f"probes:{self.container.name}")
        try:
            either: set[asyncio.Future[Any]] = {self._process.exited, probes}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if probes.done():
                probes.result()  # without probes to repeat it ends early; a fault in it must not pass unseen
            code = await asyncio.shield(self._process.exited)
        finally:
            probes.cancel()
            await asyncio.gather(probes, return_exceptions=True)
            self.started.clear()
        self._record_end(code)
        return code

    def _record_end(self, code: int) -> None:
        self._exit_code = code if code >= 0 else 128 - code
        how = f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
        self._change("terminated", "Completed" if code == 0 else "Error", how)
        self._context.report("container-exited", self.container.name, how)

    async def _wait_plan(self) -> ProcessPlan:
        """The plan of the process, as soon as everything it refers to exists."""
        while True:
            try:
                return self._build_plan()
            except UnknownImageError as error:
                self._wait_for(IMAGE_UNKNOWN, str(error))
            except MissingReferenceError as error:
                self._wait_for("CreateContainerConfigError", str(error))
            await self._context.wait_objects()

    def _wait_for(self, reason: str, message: str) -> None:
        if (self._reason, self._message) != (reason, message):
            self._change("waiting", reason, message)
            self._context.report("container-waiting", self.container.name, f"{reason}: {message}")

    def _build_plan(self) -> ProcessPlan:
        command = build_command(self.container, self._context.images)
        base = {"PATH": default_path(), "HOME": "/tmp", "LANG": "C.UTF-8", **command.env}
        base["HOSTNAME"] = self._context.pod.metadata.name
        env = build_environment(self.container, self._context.pod, self._context.objects, base=base)
        added = self.container.security_context.capabilities.add
        return {
            "argv": expand_all(command.argv, env),
            "env": env,
            "cwd": command.cwd,
            "mounts": plan_mounts(self.container, self._context.pod),
            "capabilities": [capability_name(name) for name in added],
        }

    async def _start(self, sandbox: Sandbox, plan: ProcessPlan) -> Process:
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        output = self.log.open_pipe()
        try:
            return await sandbox.start(self.container.name, plan, (null, output, output))
        finally:
            os.close(null)
            os.close(output)

    async def _watch_probes(self, sandbox: Sandbox) -> None:
        target = probe_target(
            self._context.pod,
            self.container,
            sandbox.netns,
            lambda argv: self._run_probe_command(sandbox, argv),
        )
        if self.container.startup_probe is not None:
            async for failure in watch_probe(self.container.startup_probe, target):
                if failure is None:
                    break
                await self._restart_for("startup", failure)
        self.started.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_readiness(self.container.readiness_probe, target), name="readiness")
            if self.container.liveness_probe is not None:
                tasks.create_task(
                    self._watch_liveness(self.container.liveness_probe, target), name="liveness"
                )

    async def _watch_readiness(self, probe: Probe | None, target: ProbeTarget) -> None:
        if probe is None:
            self._set_ready(True, "")
            return
        async for failure in watch_probe(probe, target):
            self._set_ready(failure is None, f"readiness probe: {failure}" if failure else "")

    async def _watch_liveness(self, probe: Probe, target: ProbeTarget) -> None:
        async for failure in watch_probe(probe, target):
            if failure is not None:
                await self._restart_for("liveness", failure)

    async def _restart_for(self, which: str, failure: str) -> None:
        """End a container whose probe failed; the policy then restarts it."""
        self._context.report("probe-failed", self.container.name, f"{which} probe: {failure}")
        if self._process is not None:
            await self._process.stop(self._context.pod.spec.termination_grace_period_seconds or 30)

    async def _run_probe_command(self, sandbox: Sandbox, argv: list[str]) -> int:
        """The exit code of a command run in this container, its output thrown away."""
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            process = await self.start_beside(sandbox, argv, (null, null, null))
        except WorldError:
            return 127
        finally:
            os.close(null)
        try:
            return await asyncio.shield(process.exited)
        except asyncio.CancelledError:
            await process.signal(signal.SIGKILL, group=True)
            raise

    async def start_beside(self, sandbox: Sandbox, argv: list[str], stdio: tuple[int, int, int]) -> Process:
        """Start a command with this container's view of files and variables, and without capabilities."""
        plan = self._plan or self._build_plan()
        beside: ProcessPlan = {**plan, "argv": argv, "capabilities": []}
        return await sandbox.start(f"{self.container.name}/exec", beside, stdio)

    def _set_ready(self, ready: bool, message: str) -> None:
        if (self._ready, self._message) != (ready, message):
            self._ready, self._message = ready, message
            self._context.report(
                "container-ready" if ready else "container-unready", self.container.name, message
            )

    def _change(self, state: Literal["waiting", "running", "terminated"], reason: str, message: str) -> None:
        self._state, self._reason, self._message, self._ready = state, reason, message, False
        self._context.report("", self.container.name, "")

    async def signal(self, number: int) -> None:
        """Send a signal to the container's main process."""
        if self._process is None or self._process.exited.done():
            raise WorldError(f"container {self.container.name} does not run.")
        await self._process.signal(number)

    async def stop(self, grace: float) -> None:
        """End the container gracefully, for good."""
        self._stopping = True
        if self._process is not None and not self._process.exited.done():
            await self._process.stop(grace)
