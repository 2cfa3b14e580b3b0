"""Runs commands: to their end, or in the background while something else is done."""

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import AsyncIterator, Mapping, Sequence

from tests.cluster.kubectl.scenes import Scene
from tests.cluster.kubectl.steps import Outcome

LONGEST = 60.0


async def run_kubectl(
    scene: Scene, arguments: Sequence[str] | str, *, stdin: str = "", env: Mapping[str, str] | None = None
) -> Outcome:
    """Run kubectl in the cluster of a scene; what takes a minute is ended, with a word about it."""
    process = await _start(scene, arguments, env or {})
    try:
        async with asyncio.timeout(LONGEST):
            out, err = await process.communicate(stdin.encode())
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        return Outcome(-1, "", f"it did not end within {LONGEST:g} s")
    assert process.returncode is not None
    return Outcome(process.returncode, out.decode(), err.decode())


async def _start(
    scene: Scene, arguments: Sequence[str] | str, env: Mapping[str, str]
) -> asyncio.subprocess.Process:
    words = shlex.split(arguments) if isinstance(arguments, str) else arguments
    # A session of its own: kubectl's editor and diff program end with it.
    return await asyncio.create_subprocess_exec(
        scene.kubectl.program,
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**scene.env(), **env},
        cwd=scene.home,
        start_new_session=True,
    )


class Background:
    """A kubectl that runs; what it says is collected."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said = {"stdout": bytearray(), "stderr": bytearray()}
        self._heard = asyncio.Condition()
        self._readers = [
            asyncio.create_task(self._read(stream, self._said[name]))
            for name, stream in (("stdout", process.stdout), ("stderr", process.stderr))
            if stream is not None
        ]

    async def _read(self, stream: asyncio.StreamReader, into: bytearray) -> None:
        while data := await stream.read(1 << 16):
            into += data
            async with self._heard:
                self._heard.notify_all()

    def said(self) -> str:
        """Everything on its standard output so far."""
        return self._said["stdout"].decode()

    async def until(self, text: str, *, timeout: float = 20.0) -> str:
        """Until a whole line of its standard output has a text; gives all lines. AssertionError if none has.

        kubectl writes a line of a table in several pieces.
        """
        try:
            async with asyncio.timeout(timeout), self._heard:
                await self._heard.wait_for(lambda: text in self._lines())
        except TimeoutError:
            said = {name: bytes(each).decode() for name, each in self._said.items()}
            raise AssertionError(f"it did not say {text!r}: {said}") from None
        return self._lines()

    def _lines(self) -> str:
        return self.said().rpartition("\n")[0]

    async def end(self) -> Outcome:
        """Interrupt it, as a person would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            async with asyncio.timeout(10):
                await self._process.wait()
        except TimeoutError:
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        await asyncio.gather(*self._readers)
        code = self._process.returncode
        return Outcome(-1 if code is None else code, self.said(), self._said["stderr"].decode())


@contextlib.asynccontextmanager
async def in_background(
    scene: Scene, arguments: Sequence[str] | str, *, env: Mapping[str, str] | None = None
) -> AsyncIterator[Background]:
    """A kubectl that runs through the block and is interrupted at its end."""
    running = Background(await _start(scene, arguments, env or {}))
    try:
        yield running
    finally:
        await running.end()
