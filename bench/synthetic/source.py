"""Objects from lists and events, kept and handed over as `KubeSource` does; only without a connection."""

import asyncio
from pathlib import Path

from bench.synthetic.feed import read_event, read_list
from convoy.api.kinds import BY_NAME
from convoy.config.contents import Contents
from convoy.config.kube.holding import Holding
from convoy.config.sources.kube import MESH_KINDS
from convoy.config.store import Store
from convoy.kit.clock import SYSTEM_CLOCK

_PAUSE = 0.02


class SyntheticSource:
    """The objects whose lists are in a folder, with what is told of them since."""

    def __init__(self, folder: Path, *, cluster: str) -> None:
        self._folder = folder
        self._cluster = cluster
        self._holding = Holding(cluster=cluster)
        self._changed = asyncio.Event()

    def take(self, line: bytes) -> None:
        """An event of a watch."""
        event = read_event(line)
        if self._holding.change(BY_NAME[event.object["kind"]], event):
            self._changed.set()

    def read(self) -> Contents:
        """Read the lists; gives what they amount to."""
        for kind in MESH_KINDS:
            self._holding.replace(kind, read_list(self._folder, kind.name))
        return self._holding.contents()

    async def run(self, store: Store) -> None:
        """Hand the objects to the store, and then every change, for ever."""
        self.read()
        self._changed.set()
        while True:
            await self._changed.wait()
            self._changed.clear()
            store.change(f"synthetic:{self._cluster}", self._holding.take_change())
            await SYSTEM_CLOCK.sleep(_PAUSE)
