"""The containers of one pod, in their order: init containers, sidecars among them, then the others.

Native sidecars (init containers with restartPolicy Always) are started in their place in the order and
awaited until started; at the end they are stopped last, in the reverse order.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convoy.api.kube.core import Container, Pod
from convoy.cluster.errors import UnknownNameError
from convoy.cluster.kubelet.containers import ContainerRunner
from convoy.cluster.kubelet.contexts import PodContext
from convoy.cluster.kubelet.deadlines import Deadline
from convoy.cluster.kubelet.ending import LEAST_GRACE
from convoy.cluster.kubelet.logs import ContainerLog
from convoy.cluster.kubelet.outputs import RunLogs
from convoy.cluster.kubelet.sandboxes import Sandbox
from convoy.cluster.kubelet.states import PodView, Role, Seed

_SETTLE = 2.0  # seconds for the last words of containers that have ended


class Crew:
    """Runs the containers of a pod; `logs` is the folder for what they write.

    `seeds` are what their statuses said when the kubelet began.
    """

    def __init__(self, context: PodContext, logs: Path, seeds: Mapping[str, Seed]) -> None:
        self._context = context
        self._logs = logs
        self._seeds = seeds
        spec = context.pod.spec
        self.inits = [self._make(item, _init_role(item)) for item in spec.init_containers]
        self.apps = [self._make(item, "app") for item in spec.containers]
        self.ephemerals = [self._make(item, "ephemeral") for item in spec.ephemeral_containers]
        self._keeping: dict[str, asyncio.Task[int]] = {}
        self._replacing: set[asyncio.Task[None]] = set()

    def _make(self, container: Container, role: Role) -> ContainerRunner:
        seed = self._seeds.get(container.name)
        if not self._context.habits.own_roots:
            log = ContainerLog(self._logs / f"{container.name}.log")
            return ContainerRunner(self._context, container, role, log, seed)
        logs = RunLogs(self._logs / container.name)
        if seed is not None:
            logs.recall(seed.restarts)
        return ContainerRunner(self._context, container, role, logs, seed)

    @property
    def everyone(self) -> list[ContainerRunner]:
        """All of them, init containers first."""
        return [*self.inits, *self.apps, *self.ephemerals]

    @property
    def has_work(self) -> bool:
        """Whether a new sandbox would find something to run in it."""
        return not self.apps or any(runner.would_run for runner in self.apps)

    def find(self, container: str) -> ContainerRunner:
        """The runner of a container, by default of the first app container; raises UnknownNameError."""
        for runner in (*self.apps, *self.inits, *self.ephemerals):
            if container in ("", runner.container.name):
                return runner
        pod = self._context.pod.metadata
        raise UnknownNameError(f'pod {pod.namespace}/{pod.name} has no container "{container}".')

    def view(self, *, has_sandbox: bool) -> PodView:
        """How they are, for the API."""
        return PodView(
            inits=tuple(runner.view() for runner in self.inits),
            apps=tuple(runner.view() for runner in self.apps),
            ephemerals=tuple(runner.view() for runner in self.ephemerals),
            has_sandbox=has_sandbox,
        )

    async def run_inits(self, sandbox: Sandbox) -> str:
        """Run what comes before the others; gives the name of one that failed for good, "" for none."""
        for runner in self.ephemerals:
            self._keep(runner, sandbox)
        for runner in self.inits:
            task = self._keep(runner, sandbox)
            if runner.role == "sidecar":
                await runner.started.wait()
            elif await task != 0:
                return runner.container.name
        return ""

    async def run_apps(self, sandbox: Sandbox) -> bool:
        """Run the others to their end; whether all of them succeeded."""
        codes = await asyncio.gather(*(self._keep(runner, sandbox) for runner in self.apps))
        return not any(codes)

    def _keep(self, runner: ContainerRunner, sandbox: Sandbox) -> asyncio.Task[int]:
        task = asyncio.create_task(runner.keep(sandbox), name=f"container:{runner.container.name}")
        self._keeping[runner.container.name] = task
        return task

    def take(self, pod: Pod, sandbox: Sandbox | None) -> None:
        """Run what the pod's spec says now: other images, and more containers to look into the pod."""
        wanted = {each.name: each for each in (*pod.spec.init_containers, *pod.spec.containers)}
        for runner in (*self.inits, *self.apps):
            container = wanted.get(runner.container.name, runner.container)
            if container != runner.container:
                task = asyncio.create_task(runner.replace(container), name=f"replace:{container.name}")
                self._replacing.add(task)
                task.add_done_callback(self._replacing.discard)
        known = {runner.container.name for runner in self.ephemerals}
        for added in pod.spec.ephemeral_containers:
            if added.name not in known:
                runner = self._make(added, "ephemeral")
                self.ephemerals.append(runner)
                if sandbox is not None:
                    self._keep(runner, sandbox)

    async def stop(self, deadline: Deadline) -> None:
        """End the containers, then the sidecars, and give all of them time for their last words.

        As with any kubelet, the sidecars' preStop hooks run from the start, beside those of the others.
        """
        for runner in self.inits:
            if runner.role == "sidecar":
                runner.begin_stop()
        others = [runner for runner in self.everyone if runner.role != "sidecar"]
        await asyncio.gather(*(runner.stop(deadline) for runner in others))
        await self.stop_sidecars(deadline)
        if self._keeping:  # who was just being started when this began ends by the deadline
            await asyncio.wait(self._keeping.values(), timeout=_SETTLE + deadline.remaining)

    async def stop_sidecars(self, deadline: Deadline) -> None:
        """From the last to the first; each has a moment, however long the containers took."""
        for runner in reversed(self.inits):
            late = deadline.granted >= LEAST_GRACE > deadline.remaining and self._context.habits.own_roots
            await runner.stop(Deadline(LEAST_GRACE) if late else deadline)
            if runner.container.name in self._keeping:
                await asyncio.wait([self._keeping[runner.container.name]], timeout=_SETTLE)

    async def lose_sandbox(self) -> None:
        """The sandbox is going away: nobody runs any more."""
        tasks: list[asyncio.Task[Any]] = [*self._keeping.values(), *self._replacing]
        self._keeping.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """Nothing of this pod will run again; logs stay."""
        for runner in self.everyone:
            runner.progress.settle()
            runner.log.close()


def _init_role(container: Container) -> Role:
    return "sidecar" if container.restart_policy == "Always" else "init"
