"""A control plane's surroundings that are a folder of lists, and a pipe that tells what happens since.

Over the pipe come, without an answer:

event LINE        something happened to an object
stop              end as at SIGTERM

and with one:

ready             wait until all is served                     -> time
profile           begin to note where time goes                -> None
profiled FILE     end that; write what was noted               -> None
"""

import asyncio
import cProfile
import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from bench.synthetic.source import SyntheticSource
from convoy.ca.errors import TokenError
from convoy.ca.service import Verifier
from convoy.ca.tokens import TokenSubject
from convoy.config.admission import Admit
from convoy.config.store import Store
from convoy.controlplane.pipeline import Outlets
from convoy.controlplane.platforms import Job, wait_first_model
from convoy.controlplane.server_identity import ServerIdentity


class _NoTokens:
    async def verify(self, token: str) -> TokenSubject:
        raise TokenError("The clients of a benchmark have their certificates already.")


class SyntheticPlatform:
    """As Platform has it."""

    def __init__(self, source: SyntheticSource, pipe: Connection) -> None:
        self.verifier: Verifier = _NoTokens()
        self.admit: Admit | None = None
        self.is_ready = True
        self._source = source
        self._pipe = pipe
        self._profile = cProfile.Profile()
        self._commands: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()

    def jobs(self, store: Store, outlets: Outlets, identity: ServerIdentity) -> Iterator[Job]:
        """As Platform has it."""
        yield "source:synthetic", self._source.run(store)
        yield "commands", self._obey(outlets)

    async def close(self) -> None:
        """As Platform has it."""
        self._pipe.close()

    async def _obey(self, outlets: Outlets) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._pipe.fileno(), self._on_readable)
        try:
            while True:
                command, *arguments = await self._commands.get()
                self._pipe.send(await self._answer(outlets, command, *arguments))
        finally:
            loop.remove_reader(self._pipe.fileno())

    def _on_readable(self) -> None:
        try:
            command, *arguments = self._pipe.recv()
        except EOFError:
            command, arguments = "stop", []
        if command == "event":
            self._source.take(*arguments)
        elif command == "stop":
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            self._commands.put_nowait((command, *arguments))

    async def _answer(self, outlets: Outlets, command: str, *arguments: Any) -> Any:
        if command == "ready":
            await wait_first_model(outlets)
            return time.monotonic()
        if command == "profile":
            self._profile.enable()
        if command == "profiled":
            self._profile.disable()
            self._profile.dump_stats(*arguments)
        return None
