"""One pod over its life: its sandbox, its volumes, its containers, and its end.

A sandbox whose init dies is made anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from convoy.api.kube.core import Pod
from convoy.cluster.errors import WorldError, WorldGoneError
from convoy.cluster.kubelet.containers import DEFAULT_GRACE, ContainerRunner, PodContext
from convoy.cluster.kubelet.crews import Crew
from convoy.cluster.kubelet.deadlines import Deadline
from convoy.cluster.kubelet.sandboxes import Sandbox
from convoy.cluster.kubelet.states import PodView, Seed
from convoy.cluster.kubelet.volume_keeping import VolumeKeeper
from convoy.cluster.kubelet.volumes import Issue
from convoy.cluster.types import PodStatus
from convoy.kit.backoff import backoff

Phase = Literal["Pending", "Running", "Succeeded", "Failed"]


class MountRefusedError(WorldError):
    """A volume cannot be made; the text says why."""


class PodRunner:
    """Runs one pod until it is stopped or done."""

    def __init__(
        self,
        context: PodContext,
        *,
        make_sandbox: Callable[[], Awaitable[Sandbox]],
        issue: Issue,
        logs: Path,
        seeds: Mapping[str, Seed] | None = None,
    ) -> None:
        self._context = context
        self._make_sandbox = make_sandbox
        self.crew = Crew(context, logs, seeds or {})
        self._volumes = VolumeKeeper(context, issue, lambda why: self._say("Pending", why))
        self._phase: Phase = "Pending"
        self._message = ""
        self._sandbox: Sandbox | None = None
        self._task: asyncio.Task[None] | None = None
        self.done = asyncio.Event()  # it came to its end by itself

    @property
    def pod(self) -> Pod:
        """The newest state of the pod that it runs."""
        return self._context.pod

    @pod.setter
    def pod(self, pod: Pod) -> None:
        self._context.pod = pod

    def take(self, pod: Pod) -> None:
        """The pod's spec has changed, in what may change of a pod: images, and containers to look into it."""
        self.pod = pod
        self.crew.take(pod, self._sandbox if self.has_sandbox else None)

    def start(self) -> None:
        """Begin to run the pod."""
        name = f"pod:{self.pod.metadata.namespace}/{self.pod.metadata.name}"
        self._task = asyncio.create_task(self._run(), name=name)

    def status(self) -> PodStatus:
        """How the pod is, for callers of the world."""
        runners = self.crew.everyone
        lasting = [runner.status() for runner in runners if runner.role in ("sidecar", "app")]
        return PodStatus(
            namespace=self.pod.metadata.namespace,
            name=self.pod.metadata.name,
            address=self.pod.status.pod_ip,
            phase=self._phase,
            ready=self._phase == "Running" and all(status.ready for status in lasting),
            containers=tuple(runner.status() for runner in runners),
            message=self._message,
        )

    def view(self) -> PodView:
        """How the pod is, for the API."""
        return self.crew.view(has_sandbox=self.has_sandbox)

    @property
    def has_sandbox(self) -> bool:
        """Whether there is a sandbox that lives."""
        return self._sandbox is not None and not self._sandbox.ended.done()

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
        return self.crew.find(container)

    async def _run(self) -> None:
        delays = backoff(0.2, at_most=30)
        while self.crew.has_work:
            try:
                await self._run_sandbox()
                break
            except Exception as error:  # a fault of ours costs this pod only, and is shown
                self._note_failure(error)
            finally:
                await self._drop_sandbox()
            await asyncio.sleep(next(delays))
        for runner in self.crew.apps:
            runner.give_up()
        self.done.set()
        self._context.report("", "", "")

    def _note_failure(self, error: Exception) -> None:
        text = str(error)
        if isinstance(error, WorldGoneError):
            text = "the pod's init ended; the sandbox is made anew"
            self._context.record("Normal", "SandboxChanged", f"Pod sandbox changed: {text}.")
        elif isinstance(error, MountRefusedError):
            self._context.record("Warning", "FailedMount", text)
        elif isinstance(error, WorldError):
            self._context.record("Warning", "FailedCreatePodSandBox", f"Failed to create pod sandbox: {text}")
        else:
            text = f"the kubelet failed: {type(error).__name__}: {error}"
            self._context.record("Warning", "FailedSync", text)
        self._say("Pending", text)

    async def _run_sandbox(self) -> None:
        self._sandbox = await self._make_sandbox()
        self._context.report("", "", "")
        await self._volumes.fill(self._sandbox)
        refreshing = asyncio.create_task(self._volumes.keep_fresh(self._sandbox), name="volumes")
        running = asyncio.create_task(self._run_containers(self._sandbox), name="containers")
        try:
            await asyncio.wait([running, self._sandbox.ended], return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                raise WorldGoneError("the pod's init ended")
            await running
        finally:
            await _cancel([refreshing, running])

    async def _run_containers(self, sandbox: Sandbox) -> None:
        if failed := await self.crew.run_inits(sandbox):
            await self.crew.stop_sidecars(Deadline(self.grace))
            self._say("Failed", f"init container {failed} failed")
            return
        self._say("Running", "")
        succeeded = await self.crew.run_apps(sandbox)
        await self.crew.stop_sidecars(Deadline(self.grace))
        self._say("Succeeded" if succeeded else "Failed", "")

    def _say(self, phase: Phase, message: str) -> None:
        if (self._phase, self._message) != (phase, message):
            self._phase, self._message = phase, message
            self._context.report("pod-waiting" if message else "", "", message)

    @property
    def grace(self) -> float:
        """The pod's own grace period, in seconds."""
        grace = self.pod.spec.termination_grace_period_seconds
        return DEFAULT_GRACE if grace is None else grace

    async def stop(self, deadline: Deadline | None = None) -> None:
        """End the pod: its containers, then its sidecars from the last to the first, then the sandbox."""
        if self.has_sandbox:
            with suppress(WorldGoneError):
                await self.crew.stop(deadline or Deadline(self.grace))
        if self._task is not None:
            await _cancel([self._task])
        self.crew.close()

    async def _drop_sandbox(self) -> None:
        await self.crew.lose_sandbox()
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            await sandbox.close()
        for runner in self.crew.everyone:
            runner.lose()


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
