"""What clients must come to have, told by the content of resources, so that any control plane can be asked.

An expectation is met for a client when it has written its acknowledgement of a response in which the resource
says what was expected. Whether it does is found out once for all clients that were sent the same bytes.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from bench.fleet.decoding import Entry, Reading, Segment


class Fact(Protocol):
    """Something that a resource may say."""

    def holds(self, message: Any) -> bool:
        """Whether this decoded resource says so."""


class Expectation(msgspec.Struct, frozen=True):
    """A fact that a resource of each client must come to say, and goes on saying; `number` is its own."""

    number: int
    type_url: str
    name: str
    fact: Any
    """A Fact that can be sent to another process."""


class Met(msgspec.Struct, frozen=True):
    """When the last client of a process acknowledged what was expected; `clients`: how many did."""

    number: int
    at: float
    clients: int


Acknowledgements = dict[object, float]
"""When each client had acknowledged something first."""


class Expecting:
    """The expectations that the clients of a process share.

    While changes arrive only acknowledgements of segments are noted; what they mean is found out when asked.
    """

    def __init__(self, clients: Sequence[object]) -> None:
        self._clients = len(clients)
        self._pending: dict[tuple[str, str], list[Expectation]] = {}
        self._open: list[int] = []
        self._seen: dict[Segment, Acknowledgements | None] = {}
        self._said: dict[Entry, tuple[Expectation, ...]] = {}
        self._met_by: dict[int, list[Acknowledgements]] = {}

    def expect(self, expectations: Iterable[Expectation]) -> None:
        """Look for these, and no longer for those of before."""
        self._pending, self._seen, self._said, self._met_by = {}, {}, {}, {}
        for each in expectations:
            self._pending.setdefault((each.type_url, each.name), []).append(each)
            self._met_by[each.number] = []
        self._open = list(self._met_by)

    @property
    def is_met(self) -> bool:
        """Whether every client has all that was expected."""
        while self._open and self._count(self._open[-1]) == self._clients:
            self._open.pop()
        return not self._open

    def met(self) -> list[Met]:
        """How far it came."""
        return [Met(number, self._last(number), self._count(number)) for number in self._met_by]

    def acknowledged(self, client: object, reading: Reading) -> bool:
        """A client has acknowledged a response; whether that has to do with what is expected."""
        if not self._pending:
            return False
        is_news = False
        for segment in reading.segments:
            if segment not in self._seen:
                self._seen[segment] = self._look(reading.type_url, segment)
            if (acknowledgements := self._seen[segment]) is not None:
                acknowledgements.setdefault(client, time.monotonic())
                is_news = True
        return is_news

    def _look(self, type_url: str, segment: Segment) -> Acknowledgements | None:
        met = [each for entry in segment.entries for each in self._met_in(type_url, entry)]
        acknowledgements: Acknowledgements = {}
        for each in met:
            self._met_by[each.number].append(acknowledgements)
        return acknowledgements if met else None

    def _met_in(self, type_url: str, entry: Entry) -> tuple[Expectation, ...]:
        pending = self._pending.get((type_url, entry.name))
        if not pending:
            return ()
        if entry not in self._said:
            message = entry.message()
            self._said[entry] = tuple(each for each in pending if each.fact.holds(message))
        return self._said[entry]

    def _count(self, number: int) -> int:
        found = self._met_by[number]
        return len(found[0]) if len(found) == 1 else len(set().union(*found))

    def _last(self, number: int) -> float:
        first: Acknowledgements = {}
        for acknowledgements in self._met_by[number]:
            for client, at in acknowledgements.items():
                first[client] = min(at, first.get(client, at))
        return max(first.values(), default=0.0)
