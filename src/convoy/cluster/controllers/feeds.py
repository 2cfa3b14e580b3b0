"""The changes of every resource, told to whoever asked for them: one watch per resource for all controllers.

A handler is a plain function that puts keys into work queues; it must be quick and must not fail.
When a watch falls behind and is ended, the next one starts with what there is, and the feed works out what
changed meanwhile, deletions included: handlers never miss the last state of anything.
"""

import asyncio
from collections.abc import Callable, Iterable

from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.store import Event, Key, Store, Stored, Watch
from convoy.kit.logs import get_logger

Handler = Callable[[Event], None]
BroadHandler = Callable[[str, Event], None]

DEFINITIONS = "apiextensions.k8s.io/customresourcedefinitions"
log = get_logger("cluster.controllers")


class Feed:
    """Subscriptions to resources by storage name, made before `run`."""

    def __init__(self, store: Store, resources: ResourceTable) -> None:
        self._store = store
        self._resources = resources
        self._handlers: dict[str, list[Handler]] = {}
        self._broad: list[BroadHandler] = []
        self._known: dict[str, dict[Key, Stored]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.ready = asyncio.Event()  # everything there was at the start has been told

    def on(self, storage: str, handler: Handler) -> None:
        """Tell `handler` what there is of a resource, as ADDED events, and then every change."""
        self._handlers.setdefault(storage, []).append(handler)

    def on_all(self, handler: BroadHandler) -> None:
        """Tell `handler` of every resource, also of custom ones that come later."""
        self._broad.append(handler)

    async def run(self) -> None:
        """Follow every subscription until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._follow(tasks, sorted(self._handlers))
            if self._broad:
                self._follow(tasks, self._resources.storages())
            self.ready.set()
            if self._broad:
                await self._follow_definitions(tasks)

    def _follow(self, tasks: asyncio.TaskGroup, storages: Iterable[str]) -> None:
        for storage in storages:
            if storage not in self._tasks:
                watch = self._begin(storage)
                self._tasks[storage] = tasks.create_task(self._read(storage, watch), name=f"feed:{storage}")

    async def _follow_definitions(self, tasks: asyncio.TaskGroup) -> None:
        """Follow the resources that definitions add; those that went are quiet, and cost nothing."""
        seen = 0
        with self._store.watch(DEFINITIONS) as watch:
            while await watch.take():
                if self._resources.generation != seen:
                    seen = self._resources.generation
                    self._follow(tasks, self._resources.storages())

    def _begin(self, storage: str) -> Watch:
        """A watch whose initial objects have been told."""
        known = self._known.setdefault(storage, {})
        watch = self._store.watch(storage)
        for event in _changes_since(known, watch.initial):
            self._tell(storage, known, event)
        return watch

    async def _read(self, storage: str, watch: Watch) -> None:
        known = self._known[storage]
        while True:
            with watch:
                async for event in watch:
                    self._tell(storage, known, event)
            if not watch.overflowed:
                return  # the store was closed
            log.warning("feed fell behind", storage=storage, effect="everything is compared anew")
            watch = self._begin(storage)

    def _tell(self, storage: str, known: dict[Key, Stored], event: Event) -> None:
        if event.type == "DELETED":
            known.pop(event.stored.key, None)
        else:
            known[event.stored.key] = event.stored
        try:
            for handler in self._handlers.get(storage, ()):
                handler(event)
            for broad in self._broad:
                broad(storage, event)
        except Exception:  # a fault of ours: nobody else shall miss this or later events
            log.exception("event not handled", storage=storage, key=event.stored.key)


def _changes_since(known: dict[Key, Stored], now: Iterable[Stored]) -> list[Event]:
    """What must have happened between `known` and `now`."""
    current = {stored.key: stored for stored in now}
    gone = [Event("DELETED", stored, stored) for key, stored in known.items() if key not in current]
    changed = []
    for key, stored in current.items():
        before = known.get(key)
        if before is None:
            changed.append(Event("ADDED", stored, None))
        elif before.revision != stored.revision:
            changed.append(Event("MODIFIED", stored, before))
    return gone + changed
