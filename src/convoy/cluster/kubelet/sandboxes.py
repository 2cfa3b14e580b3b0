"""A pod's sandbox as seen from outside: the line to its init, its network, its processes."""

import asyncio
import base64
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from convoy.cluster.caller import Caller
from convoy.cluster.channel import Channel
from convoy.cluster.errors import WorldError
from convoy.cluster.frames import Message
from convoy.cluster.kubelet.deadlines import Deadline
from convoy.cluster.sandbox.plan import FilePlan, PodPlan, ProcessPlan
from convoy.kit.tasks import to_the_end


@dataclass(frozen=True, slots=True)
class VolumeFile:
    """One file of a volume; its content is never printed."""

    content: bytes = field(repr=False)
    mode: int = 0o644


class Process:
    """A process in a pod. `exited` gives its exit code, negative for a signal; -9 when the whole pod ends."""

    def __init__(self, sandbox: "Sandbox", name: str) -> None:
        self.sandbox = sandbox
        self.name = name
        self.pid = 0
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal to the process, or to all of its process group."""
        if not self.exited.done():
            await self.sandbox.call("signal", name=self.name, signal=number, group=group)

    async def wait(self) -> int:
        """Its exit code, once it has ended; cancelling the wait leaves it alone."""
        return await asyncio.shield(self.exited)

    async def kill(self) -> None:
        """SIGKILL to all of its process group; nothing happens when it has ended."""
        with suppress(WorldError):
            await self.signal(signal.SIGKILL, group=True)

    async def stop(self, grace: float) -> None:
        """SIGTERM, up to `grace` seconds of waiting, SIGKILL."""
        await self.stop_by(Deadline(grace))

    async def stop_by(self, deadline: Deadline, *, at_least: float = 0.0) -> None:
        """SIGTERM, then SIGKILL at the deadline, though not before `at_least` seconds."""
        await self.signal(signal.SIGTERM)
        waiting = asyncio.create_task(deadline.wait(extra=at_least), name="grace period")
        try:
            either: set[asyncio.Future[Any]] = {self.exited, waiting}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not self.exited.done():
                await self.signal(signal.SIGKILL, group=True)
                await asyncio.wait([self.exited])
        finally:
            waiting.cancel()


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

    async def write_files(
        self, volume: str, files: Mapping[str, VolumeFile], *, group: int | None = None
    ) -> None:
        """Set the content of a volume."""
        plans: dict[str, FilePlan] = {
            path: {"content": base64.b64encode(file.content).decode(), "mode": file.mode}
            for path, file in files.items()
        }
        await self.call("write", volume=volume, files=plans, group=group)

    async def open_terminal(self) -> tuple[int, int]:
        """A terminal inside the pod: its master and its slave, both the caller's to close."""
        _result, fds = await self._caller.call_for_fds("terminal")
        return fds[0], fds[1]

    async def read_message(self, file: str, *, at_most: int) -> str:
        """The first bytes of a file that a container wrote for the kubelet."""
        return str(await self.call("read", file=file, at_most=at_most))

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
        except asyncio.CancelledError:  # it may have been asked for already, and nobody will own it
            await to_the_end(process.kill())
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
