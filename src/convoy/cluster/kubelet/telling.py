"""Tells the API of one pod: its status, whenever that changed, and its events."""

import asyncio
from collections.abc import Callable
from typing import Any

from convoy.cluster.kubelet.contexts import EventType
from convoy.cluster.kubelet.events import About
from convoy.cluster.kubelet.networks import PodKey
from convoy.cluster.kubelet.states import PodView
from convoy.cluster.kubelet.statuses import Facts, build_status
from convoy.cluster.kubelet.tools import Tools
from convoy.cluster.machinery.requests import DeleteOptions
from convoy.cluster.machinery.statuses import StatusError
from convoy.kit.logs import get_logger
from convoy.kit.times import format_time

_GATHER = 0.005  # seconds in which changes become one write
_RETRY = 1.0
log = get_logger("cluster.kubelet")


class Teller:
    """Writes what `look` sees of the pod."""

    def __init__(self, key: PodKey, tools: Tools, look: Callable[[], tuple[PodView, Facts]]) -> None:
        self._key = key
        self._tools = tools
        self._look = look
        self._dirty = asyncio.Event()
        self._is_silent = False
        self._paths: dict[str, str] = {}

    def name_containers(self, spec: dict[str, Any]) -> None:
        """Learn where in the pod's spec its containers are, for events about them."""
        for field in ("initContainers", "containers", "ephemeralContainers"):
            for each in spec.get(field) or []:
                self._paths[each["name"]] = f"spec.{field}{{{each['name']}}}"

    def note(self) -> None:
        """The status may have changed."""
        self._dirty.set()

    def silence(self) -> None:
        """Write nothing more: what the pod does from now on is not its own doing."""
        self._is_silent = True

    async def run(self) -> None:
        """Write the status whenever it changed, until cancelled."""
        while True:
            await self._dirty.wait()
            await asyncio.sleep(_GATHER)
            self._dirty.clear()
            try:
                await self.write()
            except StatusError as error:
                if error.code == 404:
                    return
                log.warning("status not written", pod=str(self._key), detail=error.message)
                await asyncio.sleep(_RETRY)
                self._dirty.set()

    async def write(self) -> None:
        """Write the status as it is now; StatusError."""
        if self._is_silent:
            return

        def change(pod: dict[str, Any]) -> dict[str, Any] | None:
            if pod["metadata"]["uid"] != self._key.uid:
                return None
            old = pod.get("status") or {}
            status = build_status(*self._look(), old, format_time(self._tools.clock.now()))
            return None if status == old else {**pod, "status": status}

        await self._tools.registry.modify(
            self._tools.pods,
            self._key.namespace,
            self._key.name,
            change,
            self._tools.options(),
            subresource="status",
        )

    async def confirm_deletion(self) -> None:
        """Nothing of the pod runs any more: its object may go."""
        delete = DeleteOptions(grace_period_seconds=0, uid=self._key.uid)
        try:
            await self._tools.registry.delete(
                self._tools.pods, self._key.namespace, self._key.name, delete, self._tools.options()
            )
        except StatusError as error:
            if error.code not in (404, 409):  # gone already, or another pod of that name
                log.warning("pod not deleted", pod=str(self._key), detail=error.message)

    def record(self, kind: EventType, reason: str, message: str, container: str = "") -> None:
        """Have an event written."""
        if self._is_silent:
            return
        key = self._key
        path = self._paths.get(container, "")
        self._tools.events.record(About("Pod", key.namespace, key.name, key.uid, path, kind, reason, message))
