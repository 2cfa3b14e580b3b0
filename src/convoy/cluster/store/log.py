"""The last changes to the objects of one resource: what a watch replays, and what undoes a list to the past.

Bounded in number and in bytes, because it holds on to objects that are long gone.
"""

from collections import deque
from collections.abc import Iterator

from convoy.cluster.store.errors import TooOldError
from convoy.cluster.store.records import Event, Key, Stored

LOG_LENGTH = 4096
LOG_BYTES = 32 << 20


class Log:
    """Events by revision; `start` is the revision since which it knows everything."""

    def __init__(self, start: int, *, length: int = LOG_LENGTH, size: int = LOG_BYTES) -> None:
        self.start = start
        self._length = length
        self._size = size
        self._events: deque[Event] = deque()
        self._held = 0

    def append(self, event: Event) -> None:
        """Note a change, and forget the oldest ones past the bounds."""
        self._events.append(event)
        self._held += len(event.stored.raw)
        while len(self._events) > self._length or (self._held > self._size and len(self._events) > 1):
            oldest = self._events.popleft()
            self._held -= len(oldest.stored.raw)
            self.start = oldest.stored.revision

    def since(self, revision: int, *, newest: int) -> list[Event]:
        """The changes after a revision, oldest first; raises TooOldError.

        A revision above `newest` is of another life of the cluster: whoever has it must begin anew, too.
        """
        if revision < self.start or revision > newest:
            raise TooOldError(revision, self.start)
        later = []
        for event in self._newest_first():
            if event.stored.revision <= revision:
                break
            later.append(event)
        later.reverse()
        return later

    def undo(self, objects: dict[Key, Stored], *, to: int) -> None:
        """Turn today's objects into those of revision `to`, for which `since` must hold."""
        for event in self._newest_first():
            if event.stored.revision <= to:
                break
            if event.previous is None:
                del objects[event.stored.key]
            else:
                objects[event.stored.key] = event.previous

    def _newest_first(self) -> Iterator[Event]:
        return reversed(self._events)
