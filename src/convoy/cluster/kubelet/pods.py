"""One pod over its life: sandbox, volumes, init containers in order, sidecars, containers; and its end.

Native sidecars (init containers with restartPolicy Always) are started in their place in the order and
awaited until started; at the end they are stopped last, in the reverse order. A sandbox whose init dies is
made anew.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Literal

from convoy.api.kube.core import Pod
from convoy.cluster.errors import UnknownNameError, WorldError, WorldGoneError
from convoy.cluster.kubelet.containers import ContainerRunner, PodContext
from convoy.cluster.kubelet.environment import MissingReferenceError
from convoy.cluster.kubelet.logs import ContainerLog
from convoy.cluster.kubelet.sandboxes import Sandbox
from convoy.cluster.kubelet.volumes import Issue, build_volume_files, token_requests
from convoy.cluster.types import PodStatus
from convoy.kit.backoff import backoff
from convoy.kit.clock import SYSTEM_CLOCK

Phase = Literal["Pending", "Running", "Succeeded", "Failed"]
_DEFAULT_GRACE = 30
_RENEW_AT = 0.8  # of a token's life, as the kubelet does
_STEP = 5.0  # seconds between looks at the wall clock, which jumps when the machine was suspended


class PodRunner:
    """Runs one pod until it is stopped or done."""

    def __init__(
        self, context: PodContext, *, make_sandbox: Callable[[], Awaitable[Sandbox]], issue: Issue, logs: Path
    ) -> None:
        self.pod: Pod = context.pod
        self._context = context
        self._make_sandbox = make_sandbox
        self._issue = issue
        spec = self.pod.spec
        log = {
            item.name: ContainerLog(logs / f"{item.name}.log")
            for item in (*spec.init_containers, *spec.containers)
        }
        self._inits = [
            ContainerRunner(
                context, item, "sidecar" if item.restart_policy == "Always" else "init", log[item.name]
            )
            for item in spec.init_containers
        ]
        self._apps = [ContainerRunner(context, item, "app", log[item.name]) for item in spec.containers]
        self._phase: Phase = "Pending"
        self._message = ""
        self._sandbox: Sandbox | None = None
        self._keeping: dict[str, asyncio.Task[int]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to run the pod."""
        name = f"pod:{self.pod.metadata.namespace}/{self.pod.metadata.name}"
        self._task = asyncio.create_task(self._run(), name=name)

    def status(self) -> PodStatus:
        """How the pod is."""
        runners = [*self._inits, *self._apps]
        lasting = [runner.status() for runner in runners if runner.role != "init"]
        return PodStatus(
            namespace=self.pod.metadata.namespace,
            name=self.pod.metadata.name,
            address=self.pod.status.pod_ip,
            phase=self._phase,
            ready=self._phase == "Running" and all(status.ready for status in lasting),
            containers=tuple(runner.status() for runner in runners),
            message=self._message,
        )

    @property
    def sandbox(self) -> Sandbox:
        """The pod's sandbox; WorldError while there is none."""
        if self._sandbox is None:
            raise WorldError(
                f"pod {self.pod.metadata.namespace}/{self.pod.metadata.name} has no sandbox yet."
            )
        return self._sandbox

    def runner(self, container: str = "") -> ContainerRunner:
        """The runner of a container, by default of the first app container; raises UnknownNameError."""
        for runner in (*self._apps, *self._inits):
            if container in ("", runner.container.name):
                return runner
        raise UnknownNameError(
            f'pod {self.pod.metadata.namespace}/{self.pod.metadata.name} has no container "{container}".'
        )

    async def _run(self) -> None:
        for delay in backoff(0.2, at_most=30):
            try:
                await self._run_sandbox()
                return
            except WorldGoneError:
                self._say("Pending", "the pod's init ended; the sandbox is made anew")
            except WorldError as error:
                self._say("Pending", str(error))
            except Exception as error:  # a fault of ours costs this pod only, and is shown
                self._say("Pending", f"the kubelet failed: {type(error).__name__}: {error}")
            finally:
                await self._drop_sandbox()
            await asyncio.sleep(delay)

    async def _run_sandbox(self) -> None:
        self._sandbox = await self._make_sandbox()
        await self._fill_volumes(self._sandbox)
        refreshing = asyncio.create_task(self._keep_volumes_fresh(self._sandbox), name="volumes")
        running = asyncio.create_task(self._run_containers(self._sandbox), name="containers")
        try:
            await asyncio.wait([running, self._sandbox.ended], return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                raise WorldGoneError("the pod's init ended")
            await running
        finally:
            await _cancel([refreshing, running])

    async def _run_containers(self, sandbox: Sandbox) -> None:
        for runner in self._inits:
            task = self._keep(runner, sandbox)
            if runner.role == "sidecar":
                await runner.started.wait()
            elif await task != 0:
                self._say("Failed", f"init container {runner.container.name} failed")
                return
        tasks = [self._keep(runner, sandbox) for runner in self._apps]
        self._say("Running", "")
        codes = await asyncio.gather(*tasks)
        for runner in reversed(self._inits):
            await runner.stop(self._grace())
        self._say("Failed" if any(codes) else "Succeeded", "")

    def _keep(self, runner: ContainerRunner, sandbox: Sandbox) -> asyncio.Task[int]:
        task = asyncio.create_task(runner.keep(sandbox), name=f"container:{runner.container.name}")
        self._keeping[runner.container.name] = task
        return task

    async def _fill_volumes(self, sandbox: Sandbox) -> None:
        """Write every volume's files, as soon as the objects they show exist."""
        for volume in self.pod.spec.volumes:
            while True:
                try:
                    files = build_volume_files(volume, self.pod, self._context.objects, self._issue)
                    break
                except MissingReferenceError as error:
                    self._say("Pending", f"volume {volume.name}: {error}")
                    await self._context.wait_objects()
            if files is not None:
                await sandbox.write_files(volume.name, files)
        self._say("Pending", "")

    async def _keep_volumes_fresh(self, sandbox: Sandbox) -> None:
        """Show changed objects in the volumes, and renew tokens."""
        expiries = [request.expiry for volume in self.pod.spec.volumes for request in token_requests(volume)]
        life = timedelta(seconds=min(expiries) * _RENEW_AT) if expiries else None
        renew_at = SYSTEM_CLOCK.now() + life if life else None
        while True:
            step = min(_STEP, life.total_seconds() / 8) if life else None
            changed = await self._objects_changed_within(step)
            if not changed and (renew_at is None or SYSTEM_CLOCK.now() < renew_at):
                continue
            for volume in self.pod.spec.volumes:
                with suppress(MissingReferenceError):  # what was deleted stays in the volume
                    files = build_volume_files(volume, self.pod, self._context.objects, self._issue)
                    if files is not None:
                        await sandbox.write_files(volume.name, files)
            renew_at = SYSTEM_CLOCK.now() + life if life else None

    async def _objects_changed_within(self, seconds: float | None) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._context.wait_objects()
        except TimeoutError:
            return False
        return True

    def _say(self, phase: Phase, message: str) -> None:
        if (self._phase, self._message) != (phase, message):
            self._phase, self._message = phase, message
            self._context.report("pod-waiting" if message else "", "", message)

    def _grace(self) -> float:
        grace = self.pod.spec.termination_grace_period_seconds
        return _DEFAULT_GRACE if grace is None else grace

    async def stop(self) -> None:
        """End the pod: its containers, then its sidecars from the last to the first, then the sandbox."""
        if self._sandbox is not None and not self._sandbox.ended.done():
            with suppress(WorldGoneError):
                others = [runner for runner in self._inits if runner.role == "init"]
                await asyncio.gather(*(runner.stop(self._grace()) for runner in (*self._apps, *others)))
                for runner in reversed(self._inits):
                    await runner.stop(self._grace())
        if self._task is not None:
            await _cancel([self._task])
        for runner in (*self._inits, *self._apps):
            runner.log.close()

    async def _drop_sandbox(self) -> None:
        await _cancel(list(self._keeping.values()))
        self._keeping.clear()
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            await sandbox.close()


async def _cancel(tasks: list[asyncio.Task[None]] | list[asyncio.Task[int]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
