"""Commands run in a container, and views of its main process, for exec and attach."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from convoy.cluster.kubelet.containers import ContainerRunner
from convoy.cluster.kubelet.descriptors import make_pipe, read_some, write_all
from convoy.cluster.kubelet.outputs import RunLogs, Tap
from convoy.cluster.kubelet.sandboxes import Process, Sandbox
from convoy.cluster.kubelet.terminals import set_size

_AFTER_END = 0.5  # seconds to wait for the end of output that somebody else holds open
_SIGNALLED = 128


def exit_code(status: int) -> int:
    """As shells tell it: 128 + number for a signal."""
    return status if status >= 0 else _SIGNALLED - status


class CommandSession:
    """One command. With a terminal, input and output are its master."""

    def __init__(self, process: Process, *, input: int, outputs: dict[int, int]) -> None:
        self._process = process
        self._input = input
        self._outputs = outputs  # stream to descriptor
        self._is_terminal = input >= 0 and input in outputs.values()

    @classmethod
    async def start(
        cls, runner: ContainerRunner, sandbox: Sandbox, command: tuple[str, ...], *, stdin: bool, tty: bool
    ) -> "CommandSession":
        """Start it; raises WorldError when it does not start."""
        if tty:
            master, slave = await sandbox.open_terminal()
            os.set_blocking(master, False)
            theirs, ours = (slave, slave, slave), (master, {1: master})
        else:
            out, their_out = make_pipe(ours_reads=True)
            err, their_err = make_pipe(ours_reads=True)
            inp, their_in = make_pipe(ours_reads=False) if stdin else (-1, _null())
            theirs, ours = (their_in, their_out, their_err), (inp, {1: out, 2: err})
        try:
            process = await runner.start_beside(sandbox, list(command), theirs, tty=tty)
        except BaseException:
            _close({ours[0], *ours[1].values()})
            raise
        finally:
            _close(set(theirs))
        return cls(process, input=ours[0], outputs=ours[1])

    async def write_stdin(self, data: bytes) -> None:
        """As Session has it."""
        if self._input >= 0:
            with suppress(OSError):  # it ended, or closed its stdin
                await write_all(self._input, data)

    async def close_stdin(self) -> None:
        """As Session has it; a terminal's end of input is what Ctrl-D makes of it."""
        if self._is_terminal:
            await self.write_stdin(b"\x04")
        elif self._input >= 0:
            os.close(self._input)
            self._input = -1

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """As Session has it."""
        reading = {asyncio.create_task(read_some(fd)): stream for stream, fd in self._outputs.items()}
        try:
            while reading:
                for task in await self._some_of(set(reading)):
                    stream, data = reading.pop(task), task.result()
                    if data:
                        reading[asyncio.create_task(read_some(self._outputs[stream]))] = stream
                        yield stream, data
        except TimeoutError:
            return
        finally:
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)

    async def _some_of(self, tasks: set[asyncio.Task[bytes]]) -> set[asyncio.Task[bytes]]:
        """Those that have read something; TimeoutError when it has ended and nothing more comes."""
        if not self._process.exited.done():
            waits: set[asyncio.Future[Any]] = {*tasks, self._process.exited}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        done, _pending = await asyncio.wait(
            tasks,
            timeout=_AFTER_END if self._process.exited.done() else 0,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not done and self._process.exited.done():
            raise TimeoutError
        return done

    async def resize(self, width: int, height: int) -> None:
        """As Session has it."""
        if self._is_terminal:
            set_size(self._input, width, height)

    async def wait(self) -> int:
        """As Session has it."""
        return exit_code(await self._process.wait())

    async def close(self) -> None:
        """As Session has it."""
        await self._process.kill()
        fds, self._outputs = {self._input, *self._outputs.values()}, {}
        self._input = -1
        _close(fds)


class AttachSession:
    """A container's main process; closing the session leaves the process alone."""

    def __init__(self, runner: ContainerRunner, process: Process, tap: Tap, *, stdin: bool) -> None:
        self._runner = runner
        self._process = process
        self._tap = tap
        self._takes_input = stdin

    @classmethod
    def join(cls, runner: ContainerRunner, process: Process, *, stdin: bool) -> "AttachSession":
        """See what it writes from now on."""
        assert isinstance(runner.log, RunLogs)
        return cls(runner, process, runner.log.tap(), stdin=stdin)

    async def write_stdin(self, data: bytes) -> None:
        """As Session has it."""
        if self._takes_input and self._runner.process is self._process and self._runner.stdio is not None:
            await self._runner.stdio.write(data)

    async def close_stdin(self) -> None:
        """As Session has it; unless the container has `stdinOnce`, its stdin waits for the next one."""
        if self._takes_input and self._runner.container.stdin_once and self._runner.stdio is not None:
            self._runner.stdio.close_input()

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """As Session has it."""
        while (piece := await self._tap.take()) is not None:
            yield piece

    async def resize(self, width: int, height: int) -> None:
        """As Session has it."""
        if self._runner.process is self._process and self._runner.stdio is not None:
            self._runner.stdio.resize(width, height)

    async def wait(self) -> int:
        """Always 0, once the process has ended: as in Kubernetes, the status tells how it ended."""
        await self._process.wait()
        return 0

    async def close(self) -> None:
        """As Session has it."""
        self._tap.close()


def _null() -> int:
    return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


def _close(fds: set[int]) -> None:
    for fd in fds:
        if fd >= 0:
            os.close(fd)
