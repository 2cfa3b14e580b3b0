"""The probes of one running container, and what follows from them."""

import asyncio
from typing import Protocol

from convoy.api.kube.core import Probe
from convoy.cluster.kubelet.probes import OnFailure, ProbeTarget, watch_probe
from convoy.cluster.kubelet.progress import Progress


class Fail(Protocol):
    """Ends a container whose probe failed for good."""

    async def __call__(self, which: str, failure: str, probe: Probe) -> None: ...


class Health:
    """Watches over one run of a container; `started` is set once its startup probe has succeeded."""

    def __init__(
        self, progress: Progress, target: ProbeTarget, *, started: asyncio.Event, fail: Fail
    ) -> None:
        self._progress = progress
        self._target = target
        self._started = started
        self._fail = fail

    async def watch(self) -> None:
        """Until cancelled, or as long as there are probes to repeat."""
        container = self._progress.container
        if container.startup_probe is not None:
            await self._wait_started(container.startup_probe)
        self._progress.set_started()
        self._started.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_readiness(container.readiness_probe), name="readiness")
            if container.liveness_probe is not None:
                tasks.create_task(self._watch_liveness(container.liveness_probe), name="liveness")

    async def _wait_started(self, probe: Probe) -> None:
        async for failure in watch_probe(probe, self._target, self._unhealthy("Startup")):
            if failure is None:
                return
            await self._fail("startup", failure, probe)

    async def _watch_readiness(self, probe: Probe | None) -> None:
        if probe is None:
            self._progress.set_ready(True, "")
            return
        async for failure in watch_probe(probe, self._target, self._unhealthy("Readiness")):
            self._progress.set_ready(failure is None, f"readiness probe: {failure}" if failure else "")

    async def _watch_liveness(self, probe: Probe) -> None:
        async for failure in watch_probe(probe, self._target, self._unhealthy("Liveness")):
            if failure is not None:
                await self._fail("liveness", failure, probe)

    def _unhealthy(self, which: str) -> OnFailure:
        return lambda failure: self._progress.record(
            "Warning", "Unhealthy", f"{which} probe failed: {failure}"
        )
