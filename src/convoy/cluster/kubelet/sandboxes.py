"""A pod's sandbox as seen from outside: the line to its init, its network, its processes."""

import asyncio
import base64
import os
import signal
import socket
from collections.abc import Sequence
from typing import Any

from convoy.cluster.caller import Caller
from convoy.cluster.channel import Channel
from convoy.cluster.errors import WorldError
from convoy.cluster.frames import Message
from convoy.cluster.sandbox.plan import PodPlan, ProcessPlan


class Process:
    """A process in a pod. `exited` gives its exit code, negative for a signal; -9 when the whole pod ends."""

    def __init__(self, sandbox: "Sandbox", name: str) -> None:
        self._sandbox = sandbox
        self.name = name
        self.pid = 0
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal to the process, or to all of its process group."""
        if not self.exited.done():
            await self._sandbox.call("signal", name=self.name, signal=number, group=group)

    async def stop(self, grace: float) -> None:
        """SIGTERM, up to `grace` seconds of waiting, SIGKILL."""
        await self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await asyncio.wait([self.exited])
        except TimeoutError:
            await self.signal(signal.SIGKILL, group=True)
            await asyncio.wait([self.exited])


class Sandbox:
    """The namespaces of one pod and the init that lives in them."""

    def __init__(self, line: socket.socket, netns: int) -> None:
        self.netns = netns
        self._caller = Caller(Channel(line), on_notice=self._on_notice, gone="the pod's init ended")
        self._processes: dict[str, Process] = {}
        self._last = 0
        self.ended = self._caller.ended
        self.ended.add_done_callback(lambda _ended: self._end_processes())

    async def call(self, do: str, *, fds: Sequence[int] = (), **arguments: Any) -> Any:
        """Ask the pod's init; raises WorldError with its sentence."""
        return await self._caller.call(do, fds=fds, **arguments)

    async def furnish(self, plan: PodPlan) -> None:
        """Make the pod's file system; before anything else."""
        await self.call("furnish", plan=plan)

    async def write_files(self, volume: str, files: dict[str, bytes]) -> None:
        """Set the content of a volume."""
        encoded = {path: base64.b64encode(content).decode() for path, content in files.items()}
        await self.call("write", volume=volume, files=encoded)

    async def start(self, name: str, plan: ProcessPlan, stdio: Sequence[int]) -> Process:
        """Start a process; `stdio` are its stdin, stdout and stderr, which stay the caller's to close."""
        self._last += 1
        process = Process(self, f"{name}#{self._last}")
        self._processes[process.name] = process
        try:
            process.pid = await self.call("start", name=process.name, plan=plan, fds=stdio)
        except WorldError:
            del self._processes[process.name]
            raise
        return process

    def _on_notice(self, message: Message) -> None:
        process = self._processes.pop(message["exited"], None)
        if process is not None and not process.exited.done():
            process.exited.set_result(message["status"])

    def _end_processes(self) -> None:
        for process in self._processes.values():
            if not process.exited.done():
                process.exited.set_result(-signal.SIGKILL)
        self._processes.clear()

    async def close(self) -> None:
        """Let the pod's init end; the kernel kills what still runs in the pod."""
        await self._caller.close()
        os.close(self.netns)
