"""An open-loop load on an HTTP server, as a program of its own: `load.py PLAN` with a `Plan` as JSON.

Every request has its time, whatever became of those before it: when answers are late, more are under way. A
request takes a connection that is free, or makes one, and is never sent twice: what fails is counted. The
program ends once there is a file at the plan's `stop`, and prints what it saw as JSON (`Told`).

It imports nothing of Convoy, so that it runs in any container that has a Python, from its source alone.
"""

import asyncio
import json
import os
import sys
import time
from typing import TypedDict

_TIMEOUT = 15.0
_MOST_FAILURES = 50
_MOST_SECONDS = 120.0


class Plan(TypedDict):
    """Where to send what, how often. `host` is an address or a name, `authority` the Host header."""

    host: str
    port: int
    authority: str
    path: str
    headers: dict[str, str]
    rate: float
    stop: str


class Told(TypedDict):
    """What the load saw: times are seconds since its start. `pods`: answers by their `podname`."""

    calls: int
    statuses: dict[str, int]
    failures: list[tuple[float, float, str]]
    pods: dict[str, int]
    last_by_pod: dict[str, float]
    p50: float
    p99: float
    worst: float
    connections: int


class ClosedError(Exception):
    """The server closed the connection before its answer was whole."""


class Connections:
    """Connections that are open and free; those that the server closed meanwhile are left out."""

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.made = 0

    async def take(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection."""
        while self._free:
            reader, writer = self._free.pop()
            if not reader.at_eof() and not writer.is_closing() and reader.exception() is None:
                return reader, writer
            writer.close()
        self.made += 1
        return await asyncio.open_connection(*self._place)

    def give(self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        """One that may be used again."""
        self._free.append(connection)

    def close(self) -> None:
        """All that are free."""
        for _, writer in self._free:
            writer.close()


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection may be used again."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    fields = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
    if fields.get("transfer-encoding") == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(fields.get("content-length", "0")))
    return int(head[0].split()[1]), body, fields.get("connection") != "close"


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body


class Load:
    """One load and what it saw."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._connections = Connections(plan["host"], plan["port"])
        lines = {"Host": plan["authority"], **plan["headers"]}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._request = f"GET {plan['path']} HTTP/1.1\r\n{head}\r\n".encode()
        self._began = 0.0
        self._statuses: dict[str, int] = {}
        self._failures: list[tuple[float, float, str]] = []
        self._pods: dict[str, int] = {}
        self._last_by_pod: dict[str, float] = {}
        self._latencies: list[float] = []

    async def run(self) -> Told:
        """Send until told to stop, or for two minutes."""
        self._began = due = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            while not self._is_told_to_stop() and due - self._began < _MOST_SECONDS:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                due += 1 / self._plan["rate"]
                tasks.create_task(self._call())
        self._connections.close()
        return self._tell()

    def _is_told_to_stop(self) -> bool:
        return os.path.exists(self._plan["stop"])

    async def _call(self) -> None:
        start = time.monotonic()
        try:
            async with asyncio.timeout(_TIMEOUT):
                status, body = await self._ask()
        except (OSError, EOFError, asyncio.IncompleteReadError, TimeoutError) as error:
            self._count("0", start, f"{type(error).__name__}: {error}")
            return
        self._count(str(status), start, "" if status == 200 else body[:200].decode(errors="replace"))
        if status == 200 and body.startswith(b"{"):
            pod = str(json.loads(body).get("podname", ""))
            self._pods[pod] = self._pods.get(pod, 0) + 1
            self._last_by_pod[pod] = round(time.monotonic() - self._began, 3)

    async def _ask(self) -> tuple[int, bytes]:
        connection = await self._connections.take()
        try:
            status, body, is_kept = await exchange(*connection, self._request)
        except BaseException:
            connection[1].close()
            raise
        if is_kept:
            self._connections.give(connection)
        else:
            connection[1].close()
        return status, body

    def _count(self, status: str, start: float, wrong: str) -> None:
        now = time.monotonic()
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._latencies.append(now - start)
        if status != "200" and len(self._failures) < _MOST_FAILURES:
            seconds = round(start - self._began, 3), round(now - start, 3)
            self._failures.append((*seconds, f"{status}: {wrong}"))

    def _tell(self) -> Told:
        ordered = sorted(self._latencies)
        return Told(
            calls=len(ordered),
            statuses=self._statuses,
            failures=self._failures,
            pods=self._pods,
            last_by_pod=self._last_by_pod,
            p50=round(ordered[len(ordered) // 2], 4),
            p99=round(ordered[int(len(ordered) * 0.99)], 4),
            worst=round(ordered[-1], 4),
            connections=self._connections.made,
        )


if __name__ == "__main__":
    print(json.dumps(asyncio.run(Load(json.loads(sys.argv[1])).run())))
