"""A process with many clients of the fleet; does what it is told over a pipe, one answer for each command.

connect           start the clients, wait until all are configured      -> [time]
expect {...}      look for these versions from now on                   -> None
had               wait until every client has what was expected         -> [time]
totals            what the clients received so far                      -> Totals
"""

import asyncio
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import uvloop

from bench.fleet.client import FleetClient
from bench.fleet.identity import ClientTls


class Totals(msgspec.Struct, frozen=True):
    """Sums over clients."""

    responses: int = 0
    resources: int = 0
    removals: int = 0
    bytes: int = 0
    streams: int = 0
    failure: str = ""

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            self.responses + other.responses,
            self.resources + other.resources,
            self.removals + other.removals,
            self.bytes + other.bytes,
            self.streams + other.streams,
            self.failure or other.failure,
        )


def run_worker(pipe: Connection, address: str, node_ids: list[str], tls: ClientTls | None) -> None:
    """The process's main function; ends when it is told to or when the other end is gone."""
    clients = [FleetClient(node_id, address, tls) for node_id in node_ids]
    uvloop.run(_Worker(clients).obey(pipe))


class _Worker:
    def __init__(self, clients: list[FleetClient]) -> None:
        self._clients = clients
        self._progress = asyncio.Event()

    async def obey(self, pipe: Connection) -> None:
        tasks: list[asyncio.Task[None]] = []
        try:
            while True:
                command, *arguments = await asyncio.to_thread(pipe.recv)
                if command == "connect":
                    tasks = [asyncio.create_task(client.run(self._progress.set)) for client in self._clients]
                elif command == "stop":
                    return
                pipe.send(await self._answer(command, *arguments))
        except EOFError:
            return
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, command: str, *arguments: Any) -> Any:
        if command == "connect":
            return await self._times(lambda client: client.configured_at)
        if command == "had":
            return await self._times(lambda client: client.has_expected_at)
        if command == "expect":
            for client in self._clients:
                client.expect(arguments[0])
            return None
        return sum((_totals(client) for client in self._clients), Totals())

    async def _times(self, time_of: Callable[[FleetClient], float | None]) -> list[float]:
        """Wait until each client has a time; how long that may take is the other end's business."""
        while True:
            self._progress.clear()
            times = [time_of(client) for client in self._clients]
            known = [time for time in times if time is not None]
            if len(known) == len(times):
                return known
            await self._progress.wait()
            await asyncio.sleep(0.01)  # one look at all clients serves many of them


def _totals(client: FleetClient) -> Totals:
    state = client.state
    return Totals(
        state.responses, state.resources, state.removals, state.bytes, client.streams, client.failure
    )
