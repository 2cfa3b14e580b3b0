"""Who answers a pod's requests, told as it changes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click
from aiohttp import ClientWebSocketResponse, WSMsgType

from convoy.cli.pods.streams import PodPlace, open_channels
from convoy.config.kube.targets import KubeTarget

_PROGRAM = Path(__file__).with_name("watcher.py").read_text()
_STDIN, _STDOUT, _STDERR = 0, 1, 2
_GIVE_UP_SECONDS = 10.0


class Watching:
    """What a watcher told so far."""

    def __init__(self) -> None:
        self._told: list[tuple[float, str]] = []
        self._news = asyncio.Event()

    def note(self, line: str) -> None:
        """A line of the watcher's."""
        at, _, pod = line.partition(" ")
        self._told.append((float(at), pod))
        self._news.set()

    async def wait_answered(self, by: str, *, since: float) -> float:
        """When a pod whose name begins so first answered after `since`, on the monotonic clock."""
        try:
            async with asyncio.timeout(_GIVE_UP_SECONDS):
                while True:
                    for at, pod in self._told:
                        if at >= since and pod.startswith(by):
                            return at
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            seen = ", ".join(f"{at - since:.1f} s {pod}" for at, pod in self._told[-5:])
            raise click.ClickException(f"no request was answered by {by}; seen: {seen}") from None

    async def wait_first(self) -> None:
        """Until there was an answer at all."""
        await self.wait_answered("", since=time.monotonic() - _GIVE_UP_SECONDS)


@asynccontextmanager
async def watching(target: KubeTarget, pod: PodPlace, host: str, path: str) -> AsyncIterator[Watching]:
    """Requests from a pod's first container for as long as the block."""
    name, _, port = host.partition(":")
    argv = ("python3", "-c", _PROGRAM, name, port, path)
    query = [("stdin", "1"), ("stdout", "1"), ("stderr", "1"), *(("command", each) for each in argv)]
    told = Watching()
    async with open_channels(target, pod, "exec", query=query) as channels:
        reading = asyncio.create_task(_read(channels, told))
        try:
            await told.wait_first()
            yield told
        finally:
            await channels.send_bytes(bytes([_STDIN]) + b"\n")
            await reading


async def _read(channels: ClientWebSocketResponse, told: Watching) -> None:
    rest = b""
    async for message in channels:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        if message.data[0] == _STDERR:
            click.echo(message.data[1:].decode(errors="replace"), err=True)
        if message.data[0] == _STDOUT:
            *lines, rest = (rest + message.data[1:]).split(b"\n")
            for line in lines:
                told.note(line.decode())
