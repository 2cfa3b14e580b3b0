"""Run a command beside a pod's container and collect what it writes."""

import asyncio
import os
import signal
from contextlib import suppress

from convoy.cluster.errors import WaitError, WorldError
from convoy.cluster.kubelet.containers import ContainerRunner
from convoy.cluster.kubelet.sandboxes import Sandbox
from convoy.cluster.types import ExecResult

MAX_OUTPUT = 16 << 20


async def run_command(
    sandbox: Sandbox, runner: ContainerRunner, argv: list[str], *, stdin: bytes, timeout: float | None
) -> ExecResult:
    """Run to the end; raises WaitError (the command is then killed) and WorldError when it does not start."""
    pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(3)]
    (child_in, our_in), (our_out, child_out), (our_err, child_err) = pipes
    ours = [os.fdopen(our_in, "wb", 0), os.fdopen(our_out, "rb", 0), os.fdopen(our_err, "rb", 0)]
    try:
        process = await runner.start_beside(sandbox, argv, (child_in, child_out, child_err))
    except BaseException:
        for file in ours:
            file.close()
        raise
    finally:
        for fd in (child_in, child_out, child_err):
            os.close(fd)
    try:
        async with asyncio.timeout(timeout), asyncio.TaskGroup() as tasks:
            tasks.create_task(_feed(ours[0], stdin), name="exec:stdin")
            stdout = tasks.create_task(_collect(ours[1]), name="exec:stdout")
            stderr = tasks.create_task(_collect(ours[2]), name="exec:stderr")
            code = await asyncio.shield(process.exited)
    except TimeoutError as error:
        raise WaitError(f'"{argv[0]}" did not end within {timeout:g} s.') from error
    finally:
        with suppress(WorldError):
            await process.signal(signal.SIGKILL, group=True)
    return ExecResult(code, stdout.result(), stderr.result())


async def _feed(file: object, data: bytes) -> None:
    transport, protocol = await asyncio.get_running_loop().connect_write_pipe(_WritePipe, file)
    try:
        transport.write(data)
        if data:
            await protocol.drained()
    finally:
        transport.close()


class _WritePipe(asyncio.Protocol):
    """Knows when everything written was taken, or nobody reads any more."""

    def __init__(self) -> None:
        self._writable = asyncio.Event()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._writable.set()

    async def drained(self) -> None:
        await self._writable.wait()


async def _collect(file: object) -> bytes:
    reader = asyncio.StreamReader()
    transport, _protocol = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), file
    )
    collected = bytearray()
    try:
        while data := await reader.read(1 << 16):
            collected += data[: MAX_OUTPUT - len(collected)]
    finally:
        transport.close()
    return bytes(collected)
