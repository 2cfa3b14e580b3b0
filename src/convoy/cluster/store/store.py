"""The objects of one cluster, and the one counter that orders their changes.

Everything is in memory and behind it in a database. A write changes memory at once and is committed with all
others of the same turn of the event loop, in one transaction: `committed()` waits for that, and nobody is
answered or told of a change before. When the commit fails, the whole turn is undone and its writers are told.

Outside a running loop each write is committed at once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from convoy.cluster.store.disk import Disk, damaged
from convoy.cluster.store.errors import KeyTakenError, StaleError, StoreError
from convoy.cluster.store.log import LOG_LENGTH, Log
from convoy.cluster.store.records import Event, EventType, Key, Stored
from convoy.cluster.store.table import Table
from convoy.cluster.store.watch import Watch


@dataclass(slots=True)
class _Turn:
    """The writes that are committed together."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    undo: list[tuple[str, Key, Stored | None]] = field(default_factory=list)
    waiters: list[asyncio.Future[None]] = field(default_factory=list)
    failure: StoreError | None = None


class Store:
    """Objects by storage (`pods`, `apps/deployments`) and key. `path` None keeps nothing on disk.

    `revision` is the newest, `committed_revision` the newest that watchers have been told of.
    """

    def __init__(self, path: Path | None, *, log_length: int = LOG_LENGTH) -> None:
        self.revision = 0
        self.committed_revision = 0
        self._path = path
        self._log_length = log_length
        self._disk: Disk | None = None
        self._tables: dict[str, Table] = {}
        self._first_revision = 0
        self._turn: _Turn | None = None
        self._is_open = False

    def open(self) -> None:
        """Load what is on disk. Raises NewerStateError, or StoreError for what cannot be read."""
        if self._path is not None:
            self._disk = Disk(self._path)
            try:
                self._load(self._disk)
            except ValueError as error:
                self._disk.close()
                raise damaged(self._path, error) from error
            except StoreError:
                self._disk.close()
                raise
        self._is_open = True

    def _load(self, disk: Disk) -> None:
        self.revision = self.committed_revision = self._first_revision = disk.revision()
        for storage, key, revision, raw in disk.rows():
            self._table(storage).set(key, Stored(key, orjson.loads(raw), revision, raw))

    def close(self) -> None:
        """Commit what is pending, end every watch and let go of the file. Safe to repeat."""
        if not self._is_open:
            return
        self._flush()
        self._is_open = False
        for table in self._tables.values():
            for watch in list(table.watches):
                watch.close()
        if self._disk is not None:
            self._disk.close()

    def get(self, storage: str, key: Key) -> Stored | None:
        """The object under a key."""
        return self._table(storage).get(key)

    def list(self, storage: str, namespace: str | None = None) -> Sequence[Stored]:
        """The objects of one namespace, or of all, sorted by namespace and name."""
        return self._table(storage).list(namespace)

    def list_at(self, storage: str, revision: int, *, namespace: str | None = None) -> Sequence[Stored]:
        """As `list` was at an earlier revision; raises TooOldError when the log does not reach back."""
        self._flush()
        table = self._table(storage)
        if not table.log.since(revision, newest=self.revision):
            return table.list(namespace)
        return table.list_at(namespace, revision)

    def put(self, storage: str, key: Key, obj: dict[str, Any], *, expected: int | None) -> Stored:
        """Keep an object; `metadata.resourceVersion` is set, in a copy.

        `expected` is the revision that it has so far, None if there is none yet. Raises KeyTakenError,
        StaleError.
        """
        previous = self._table(storage).get(key)
        if expected is None:
            if previous is not None:
                raise KeyTakenError(previous)
            return self._change("ADDED", storage, key, obj, previous=None)
        if previous is None or previous.revision != expected:
            raise StaleError(expected, previous)
        return self._change("MODIFIED", storage, key, obj, previous=previous)

    def remove(self, storage: str, key: Key, *, expected: int) -> Stored:
        """Forget an object; gives its last state under the revision of the deletion. Raises StaleError."""
        previous = self._table(storage).get(key)
        if previous is None or previous.revision != expected:
            raise StaleError(expected, previous)
        return self._change("DELETED", storage, key, previous.object, previous=previous)

    def _change(
        self, kind: EventType, storage: str, key: Key, obj: dict[str, Any], *, previous: Stored | None
    ) -> Stored:
        turn = self._begin()
        revision = self.revision + 1
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(revision)}}
        stored = Stored(key, obj, revision, orjson.dumps(obj))
        self.revision = revision
        self._table(storage).set(key, None if kind == "DELETED" else stored)
        turn.undo.append((storage, key, previous))
        turn.events.setdefault(storage, []).append(Event(kind, stored, previous))
        if not _loop_runs():
            self._flush()
            if turn.failure is not None:
                raise turn.failure
        return stored

    async def committed(self) -> None:
        """Wait until everything written so far is on disk; raises StoreError when it could not be written."""
        if self._turn is not None:
            waiter = asyncio.get_running_loop().create_future()
            self._turn.waiters.append(waiter)
            await waiter

    def watch(self, storage: str, *, namespace: str | None = None, since: int | None = None) -> Watch:
        """The changes from now on, with everything there is in `initial`; or those after `since`, if not 0.

        Nothing is missed between the two parts. Raises TooOldError when the log does not reach back.
        """
        self._flush()
        table = self._table(storage)
        replay: Sequence[Event] = ()
        if since:
            later = table.log.since(since, newest=self.revision)
            replay = [each for each in later if namespace is None or each.stored.key.namespace == namespace]
        watch = Watch(
            namespace,
            initial=() if since else table.list(namespace),
            replay=replay,
            revision=self.revision,
            on_close=lambda ended: table.watches.pop(ended, None),
        )
        table.watches[watch] = None
        return watch

    def _table(self, storage: str) -> Table:
        table = self._tables.get(storage)
        if table is None:
            table = self._tables[storage] = Table(Log(self._first_revision, length=self._log_length))
        return table

    def _begin(self) -> _Turn:
        if not self._is_open:
            raise StoreError("The store is closed.")
        if self._turn is None:
            self._turn = _Turn()
            if _loop_runs():
                asyncio.get_running_loop().call_soon(self._flush)
        return self._turn

    def _flush(self) -> None:
        """Commit the turn and tell everyone; called by the loop, and by who must not see half a turn."""
        turn, self._turn = self._turn, None
        if turn is None:
            return
        try:
            self._write(turn)
        except StoreError as error:
            turn.failure = error
            self._undo(turn)
            for waiter in turn.waiters:
                if not waiter.done():
                    waiter.set_exception(error)
            return
        self.committed_revision = self.revision
        for storage, events in turn.events.items():
            self._tables[storage].publish(tuple(events))
        for waiter in turn.waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _write(self, turn: _Turn) -> None:
        if self._disk is None:
            return
        changes: dict[tuple[str, Key], tuple[int, bytes] | None] = {}
        for storage, events in turn.events.items():
            for event in events:
                stored = event.stored
                is_gone = event.type == "DELETED"
                changes[storage, stored.key] = None if is_gone else (stored.revision, stored.raw)
        self._disk.write(changes, revision=self.revision)

    def _undo(self, turn: _Turn) -> None:
        for storage, key, previous in reversed(turn.undo):
            self._tables[storage].set(key, previous)


def _loop_runs() -> bool:
    return asyncio._get_running_loop() is not None
