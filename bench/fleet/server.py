"""The server under test in a process of its own, with a mesh of any size; does what it is told over a pipe.

listen            start                                                 -> port
change KIND       resolve and build a change            -> what clients must then have, milliseconds
apply             hand the prepared model to the server                 -> time
restart           stop, and start again with the same model             -> time
wait_streams N    wait until N streams are open                         -> time
figures           counters, CPU and memory                              -> Figures
"""

import asyncio
import os
import time
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import uvloop

from bench.fleet.built import BuiltMesh
from bench.processes import pss_kib
from convoy.kit.latest import LatestValue
from convoy.kit.logs import configure_logs
from convoy.xds.cache.resources import XdsModel
from convoy.xds.server.ads import AdsServer
from convoy.xds.server.security import CertificateBundle, MutualTls, Security, TrustedLoopback
from convoy.xds.server.status import AdsStatistics


class Figures(msgspec.Struct, frozen=True):
    """What the server spent and did."""

    cpu_seconds: float
    rss_kib: int
    pss_kib: int
    statistics: AdsStatistics


def run_server(pipe: Connection, clients: int, services: int, certificates: CertificateBundle | None) -> None:
    """The process's main function; ends when it is told to or when the other end is gone."""
    configure_logs(level="error")
    security: Security = TrustedLoopback()
    if certificates is not None:
        bundle = certificates
        security = MutualTls(lambda: bundle)
    uvloop.run(_Server(BuiltMesh(clients=clients, services=services), security).obey(pipe))


class _Server:
    def __init__(self, mesh: BuiltMesh, security: Security) -> None:
        self._mesh = mesh
        self._security = security
        self._models: LatestValue[XdsModel] = LatestValue()
        self._models.set(mesh.newest)
        self._port = 0

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
            await self._stop()

    async def _answer(self, command: str, *arguments: Any) -> Any:
        if command == "listen":
            await self._start()
            return self._port
        if command == "change":
            expected = self._mesh.change(arguments[0])
            self._next = self._mesh.newest
            return expected, self._mesh.build_ms
        if command == "apply":
            now = time.monotonic()
            self._models.set(self._next)
            return now
        if command == "restart":
            await self._stop()
            now = time.monotonic()
            await self._start()
            return now
        if command == "wait_streams":
            await self._wait_streams(arguments[0])
            return time.monotonic()
        return Figures(time.process_time(), *_memory_kib(), self._ads.statistics())

    async def _start(self) -> None:
        address = f"127.0.0.1:{self._port}"
        self._ads = AdsServer(self._models, security=self._security, address=address)
        self._serving = asyncio.create_task(self._ads.serve(), name="ads")
        self._port = await self._ads.wait_listening()

    async def _stop(self) -> None:
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)

    async def _wait_streams(self, count: int) -> None:
        while True:
            if self._ads.statistics().streams == count:
                return
            await asyncio.sleep(0.005)


def _memory_kib() -> tuple[int, int]:
    with open("/proc/self/statm", encoding="ascii") as statm:
        pages = int(statm.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024, pss_kib(os.getpid())
