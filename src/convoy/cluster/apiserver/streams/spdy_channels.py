"""Exec and attach over SPDY: one stream per channel, named by the header `streamtype`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import orjson

from convoy.cluster.apiserver.streams.commands import Input, Resize, Wanted
from convoy.cluster.apiserver.streams.spdy.connection import Connection, Stream
from convoy.cluster.apiserver.streams.websockets import parse_size

PROTOCOLS = ("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")
_PATIENCE = 30.0  # seconds for the client to open all streams
_OUTPUTS = {1: "stdout", 2: "stderr"}


def expected_streams(wanted: Wanted, protocol: str) -> set[str]:
    """The streams that a client of this protocol version opens."""
    streams = {"error"}
    streams |= {"stdin"} if wanted.stdin else set()
    streams |= {"stdout"} if wanted.stdout else set()
    streams |= {"stderr"} if wanted.stderr and not wanted.tty else set()
    has_resize = wanted.tty and protocol[:2] in ("v3", "v4")
    return streams | ({"resize"} if has_resize else set())


async def collect_streams(connection: Connection, expected: set[str]) -> dict[str, Stream] | None:
    """Wait until the client opened all of them; None when it went away or took too long."""
    streams: dict[str, Stream] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            while not expected <= set(streams):
                stream = await connection.accept()
                if stream is None:
                    return None
                streams[stream.headers.get("streamtype", "")] = stream
            return streams
    return None


class SpdyChannels:
    """Channels over the collected streams; `gone` ends when the connection does."""

    def __init__(self, streams: dict[str, Stream], protocol: str, gone: "asyncio.Future[Any]") -> None:
        self._streams = streams
        self._has_json_status = protocol.startswith("v4")
        self._gone = gone

    async def inputs(self) -> AsyncIterator[Input | Resize]:
        """As Channels has it."""
        said: asyncio.Queue[Input | Resize | None] = asyncio.Queue(maxsize=16)
        tasks = [asyncio.create_task(self._wait_gone(said))]
        if "stdin" in self._streams:
            tasks.append(asyncio.create_task(self._read_stdin(said)))
        if "resize" in self._streams:
            tasks.append(asyncio.create_task(self._read_sizes(said)))
        try:
            while (item := await said.get()) is not None:
                yield item
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait_gone(self, said: "asyncio.Queue[Input | Resize | None]") -> None:
        await asyncio.wait([self._gone])
        await said.put(None)

    async def _read_stdin(self, said: "asyncio.Queue[Input | Resize | None]") -> None:
        async for data in self._streams["stdin"].read():
            await said.put(Input(data))
        await said.put(Input(None))

    async def _read_sizes(self, said: "asyncio.Queue[Input | Resize | None]") -> None:
        async for data in self._streams["resize"].read():
            if (size := parse_size(data)) is not None:
                await said.put(size)

    async def send(self, channel: int, data: bytes) -> None:
        """As Channels has it."""
        if (stream := self._streams.get(_OUTPUTS[channel])) is not None:
            await stream.write(data)

    async def finish(self, status: dict[str, Any]) -> None:
        """As Channels has it; before v4 only failures are told, as plain text."""
        if self._has_json_status:
            await self._streams["error"].write(orjson.dumps(status))
        elif status["status"] != "Success":
            await self._streams["error"].write(status["message"].encode())
        for stream in self._streams.values():
            await stream.close()
