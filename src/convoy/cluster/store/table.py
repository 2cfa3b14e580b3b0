"""The objects of one resource in memory, in order, with their log and their watchers."""

from bisect import bisect_left, insort
from collections.abc import Sequence

from convoy.cluster.store.log import Log
from convoy.cluster.store.records import Event, Key, Stored
from convoy.cluster.store.watch import Watch


class Table:
    """Objects by key; lists are sorted by namespace and name."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.watches: dict[Watch, None] = {}  # in the order in which they began
        self._objects: dict[Key, Stored] = {}
        self._keys: list[Key] = []
        self._everything: tuple[Stored, ...] | None = None

    def get(self, key: Key) -> Stored | None:
        """The object under that key."""
        return self._objects.get(key)

    def set(self, key: Key, stored: Stored | None) -> None:
        """Keep an object, or none, under a key."""
        if stored is None:
            if self._objects.pop(key, None) is not None:
                del self._keys[bisect_left(self._keys, key)]
        else:
            if key not in self._objects:
                insort(self._keys, key)
            self._objects[key] = stored
        self._everything = None

    def list(self, namespace: str | None) -> Sequence[Stored]:
        """The objects of one namespace, or of all."""
        if namespace is None:
            if self._everything is None:
                self._everything = tuple(map(self._objects.__getitem__, self._keys))
            return self._everything
        first = bisect_left(self._keys, Key(namespace, ""))
        end = bisect_left(self._keys, Key(namespace + "\0", ""), lo=first)
        return tuple(map(self._objects.__getitem__, self._keys[first:end]))

    def list_at(self, namespace: str | None, revision: int) -> Sequence[Stored]:
        """As `list` was at an earlier revision, which the log must reach."""
        past = dict(self._objects)
        self.log.undo(past, to=revision)
        return tuple(past[key] for key in sorted(past) if namespace is None or key.namespace == namespace)

    def publish(self, events: Sequence[Event]) -> None:
        """Note committed events and tell every watcher."""
        for event in events:
            self.log.append(event)
        batches: dict[str | None, tuple[Sequence[Event], int]] = {}  # one for all watchers of a namespace
        for watch in list(self.watches):
            batch = batches.get(watch.namespace)
            if batch is None:
                batch = batches[watch.namespace] = _batch(events, watch.namespace)
            if batch[0]:
                watch.offer(*batch)


def _batch(events: Sequence[Event], namespace: str | None) -> tuple[Sequence[Event], int]:
    """The events of a namespace, or all of them, and how many bytes their objects have."""
    if namespace is not None:
        events = tuple(event for event in events if event.stored.key.namespace == namespace)
    return events, sum(len(event.stored.raw) for event in events)
