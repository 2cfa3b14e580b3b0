"""What clients must come to have, told by the content of resources, so that any control plane can be asked.

An expectation is met for a client when it has written its acknowledgement of a response in which the resource
says what was expected. Whether it does is found out once for all clients that were sent the same bytes.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from bench.fleet.decoding import Reading, Segment


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


class Expecting:
    """The expectations that the clients of a process share."""

    def __init__(self, clients: Sequence[object]) -> None:
        self._clients = clients
        self._pending: dict[tuple[str, str], list[Expectation]] = {}
        self._missing: dict[int, set[object]] = {}
        self._last: dict[int, float] = {}
        self._open: set[int] = set()
        self._found: dict[Segment, tuple[Expectation, ...]] = {}

    def expect(self, expectations: Iterable[Expectation]) -> None:
        """Look for these, and no longer for those of before."""
        self._pending, self._missing, self._last, self._found = {}, {}, {}, {}
        for each in expectations:
            self._pending.setdefault((each.type_url, each.name), []).append(each)
        self._open = {each.number for pending in self._pending.values() for each in pending}

    @property
    def is_met(self) -> bool:
        """Whether every client has what was expected."""
        return not self._open

    def met(self) -> list[Met]:
        """How far it came."""
        return [
            Met(number, last, len(self._clients) - len(self._missing[number]))
            for number, last in self._last.items()
        ]

    def acknowledged(self, client: object, reading: Reading) -> bool:
        """A client has acknowledged a response; whether something is met for all clients by that."""
        if not self._open:
            return False
        now, is_news = time.monotonic(), False
        for segment in reading.segments:
            for expectation in self._met_by(reading.type_url, segment):
                is_news |= self._note(expectation.number, client, now)
        return is_news

    def _note(self, number: int, client: object, now: float) -> bool:
        if number not in self._open:
            return False
        missing = self._missing.get(number)
        if missing is None:
            missing = self._missing[number] = set(self._clients)
        if client not in missing:
            return False
        missing.discard(client)
        self._last[number] = now
        if not missing:
            self._open.discard(number)
        return not missing

    def _met_by(self, type_url: str, segment: Segment) -> tuple[Expectation, ...]:
        found = self._found.get(segment)
        if found is None:
            found = self._found[segment] = tuple(self._look(type_url, segment))
        return found

    def _look(self, type_url: str, segment: Segment) -> Iterable[Expectation]:
        for name in segment.versions:
            if pending := self._pending.get((type_url, name)):
                message = segment.entry(name).message()
                yield from (
                    each for each in pending if each.number in self._open and each.fact.holds(message)
                )
