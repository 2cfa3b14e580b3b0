"""A process with many clients of the fleet; does what it is told over a pipe, one answer for each command.

connect ADDRESS   start the clients, wait until all are configured      -> [time]
reconnect         end all connections and open others                   -> [time]
expect {...}      look for these versions from now on                   -> None
had               wait until every client has what was expected         -> [time]
expect_facts [..] look for these facts from now on                      -> None
met SECONDS       wait until every client has met them, or so long      -> [Met]
totals            what the clients received so far                      -> Totals
"""

import asyncio
import contextlib
import gc
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import uvloop

from bench.fleet.client import FleetClient, Member
from bench.fleet.connection import Contexts
from bench.fleet.decoding import Reading
from bench.fleet.envoy_like import Shared
from bench.fleet.expecting import Expecting


class Totals(msgspec.Struct, frozen=True):
    """Sums over clients."""

    responses: int = 0
    resources: int = 0
    removals: int = 0
    bytes: int = 0
    streams: int = 0
    requests_of_start: int = 0
    """How many requests a client opens a stream with."""
    failure: str = ""

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            self.responses + other.responses,
            self.resources + other.resources,
            self.removals + other.removals,
            self.bytes + other.bytes,
            self.streams + other.streams,
            self.requests_of_start + other.requests_of_start,
            self.failure or other.failure,
        )


def run_worker(pipe: Connection, members: list[Member]) -> None:
    """The process's main function; ends when it is told to or when the other end is gone."""
    gc.disable()  # a thousand clients are no garbage, and looking for some takes a while
    uvloop.run(_Worker(members).obey(pipe))


class _Worker:
    def __init__(self, members: list[Member]) -> None:
        self._members = members
        self._contexts = Contexts(member.tls for member in members if member.tls)
        self._clients: list[FleetClient] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._expecting = Expecting(())
        self._progress = asyncio.Event()
        self._fault: RuntimeError | None = None

    async def obey(self, pipe: Connection) -> None:
        try:
            while True:
                command, *arguments = await asyncio.to_thread(pipe.recv)
                if command == "stop":
                    return
                pipe.send(await self._answer(command, *arguments))
        except EOFError:
            return
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, command: str, *arguments: Any) -> Any:
        if command == "connect":
            self._connect(*arguments)
            return await self._times(lambda client: client.configured_at)
        if command == "reconnect":
            for client in self._clients:
                client.drop()
            return await self._times(lambda client: client.connected_at)
        if command == "had":
            return await self._times(lambda client: client.has_expected_at)
        if command == "expect":
            for client in self._clients:
                client.expect(arguments[0])
            return None
        if command == "expect_facts":
            return self._expecting.expect(arguments[0])
        if command == "met":
            await self._wait_met(arguments[0])
            return self._expecting.met()
        return sum((_totals(client) for client in self._clients), Totals())

    def _connect(self, address: str) -> None:
        shared = Shared()
        self._clients = [FleetClient(member, address, shared, self._contexts) for member in self._members]
        self._expecting = Expecting(self._clients)
        self._tasks = [
            asyncio.create_task(client.run(self._progress.set, self._acknowledged))
            for client in self._clients
        ]
        for task in self._tasks:
            task.add_done_callback(self._note_end)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        """A client goes on for ever; one that does not would be waited for."""
        ended = asyncio.CancelledError() if task.cancelled() else task.exception()
        self._fault = RuntimeError(f"a client has ended: {ended!r}")
        self._progress.set()

    async def _wait_progress(self) -> None:
        self._progress.clear()
        await self._progress.wait()
        await asyncio.sleep(0.01)  # one look at all clients serves many of them
        if self._fault is not None:
            raise self._fault

    def _acknowledged(self, client: FleetClient, reading: Reading) -> None:
        if self._expecting.acknowledged(client, reading):
            self._progress.set()

    async def _times(self, time_of: Callable[[FleetClient], float | None]) -> list[float]:
        """Wait until each client has a time; how long that may take is the other end's business."""
        while True:
            times = [time_of(client) for client in self._clients]
            known = [time for time in times if time is not None]
            if len(known) == len(times):
                return known
            await self._wait_progress()

    async def _wait_met(self, at_most: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most):
                while not self._expecting.is_met:
                    await self._wait_progress()


def _totals(client: FleetClient) -> Totals:
    state = client.state
    return Totals(
        state.responses,
        state.resources,
        state.removals,
        state.bytes,
        client.streams,
        state.types,
        client.failure,
    )
