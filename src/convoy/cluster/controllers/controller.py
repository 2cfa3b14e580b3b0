"""The loop that every controller shares: keys from a queue, one look per key, again later when told so."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from convoy.cluster.controllers.clients import Client
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.objects import Json, key_of
from convoy.cluster.controllers.owners import controller_of
from convoy.cluster.controllers.queues import WorkQueue
from convoy.cluster.controllers.recording import EventKind, EventRecorder
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.registry import Registry
from convoy.cluster.store import Event, Key
from convoy.kit.logs import get_logger

log = get_logger("cluster.controllers")


@dataclass(frozen=True, slots=True)
class Settings:
    """What controllers need to know of their cluster; `root_ca` is the PEM that verifies its API server.

    `volumes` is the folder in which claims get their volumes; without one, claims stay Pending.
    """

    root_ca: str = ""
    volumes: Path | None = None
    terminated_pods: int = 1000
    events: int = 1000
    event_seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What controllers of one cluster share."""

    registry: Registry
    feed: Feed
    recorder: EventRecorder
    settings: Settings = field(default_factory=Settings)


class Controller:
    """Keeps one kind of thing as it should be. A subclass fills the queue in `follow`, and acts in `sync`."""

    name: ClassVar[str] = ""
    workers: ClassVar[int] = 4

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.clock = around.registry.clock
        self.client = Client(around.registry, self.name)
        self.queue: WorkQueue[Key] = WorkQueue(self.clock)

    def follow(self, feed: Feed) -> None:
        """Subscribe to what may put keys into the queue."""
        raise NotImplementedError

    async def sync(self, key: Key) -> float | None:
        """Look at one key and act; gives seconds after which to look again, if nothing else happens."""
        raise NotImplementedError

    def record(self, obj: Json, kind: EventKind, reason: str, message: str) -> None:
        """Tell of something that happened to `obj`."""
        self.around.recorder.record(obj, kind, reason, message, component=self.name)

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(self.workers):
                    tasks.create_task(self._work(), name=f"{self.name}:{number}")
        finally:
            await self.queue.close()

    async def _work(self) -> None:
        while True:
            key = await self.queue.take()
            try:
                await self._look_at(key)
            finally:
                self.queue.done(key)

    async def _look_at(self, key: Key) -> None:
        try:
            again = await self.sync(key)
        except StatusError as error:
            log.debug("sync refused", controller=self.name, key=key, detail=error.message)
            self.queue.retry(key)
        except Exception:  # a fault of ours costs this look only, and is tried again, later each time
            log.exception("sync failed", controller=self.name, key=key)
            self.queue.retry(key)
        else:
            self.queue.forget(key)
            if again is not None:
                self.queue.add_after(key, again)

    # What most controllers follow.

    def add_own(self, event: Event) -> None:
        """A handler: the object itself changed."""
        self.queue.add(event.stored.key)

    def add_controllers_of(self, kind: str, event: Event) -> None:
        """A handler: add the `kind` that controls the changed object, or did until now."""
        for stored in (event.stored, event.previous):
            ref = controller_of(stored.object) if stored else None
            if ref is not None and ref.get("kind") == kind:
                self.queue.add(Key(event.stored.key.namespace, ref["name"]))

    def key(self, obj: Json) -> Key:
        """The queue's key of an object."""
        return key_of(obj)
