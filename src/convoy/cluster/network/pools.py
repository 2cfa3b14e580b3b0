"""A range of numbers handed out one after the other: what was freed last is given again last.

Clients remember addresses for a while, and so does connection tracking; an address that changes hands at once
would send them to a stranger.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from convoy.cluster.store import Key
from convoy.kit.clock import Clock

_RESERVED = 30.0  # seconds in which a write that claimed a number surely came to an end


@dataclass(frozen=True, slots=True)
class _Claim:
    owner: Key
    until: float


class Pool:
    """Numbers of a range with their owners; `holds` tells whether a stored object has a number still."""

    def __init__(
        self, numbers: range, *, first: int, holds: Callable[[Key, int], bool], clock: Clock
    ) -> None:
        self.numbers = numbers
        self._first = first
        self._next = first
        self._holds = holds
        self._clock = clock
        self._claims: dict[int, _Claim] = {}
        self._reserved: dict[Key, set[int]] = {}

    def note(self, number: int, owner: Key) -> None:
        """A stored object has this number."""
        self._claims[number] = _Claim(owner, 0.0)

    def claim(self, number: int, owner: Key, *, keep: bool) -> bool:
        """Take a certain number; False when it is another's. With `keep` False nothing changes."""
        if self._is_taken(number, owner):
            return False
        if keep:
            self._reserve(number, owner)
        return True

    def take(self, owner: Key, *, keep: bool) -> int | None:
        """The next number that nobody has; None when all are taken. The part before `first` comes last."""
        for number in self._candidates():
            if number not in self._claims or not self._is_taken(number, None):
                if keep:
                    self._reserve(number, owner)
                self._next = number + 1
                return number
        return None

    def _candidates(self) -> Iterator[int]:
        start, stop = self.numbers.start, self.numbers.stop
        return chain(range(self._next, stop), range(self._first, self._next), range(start, self._first))

    def settle(self, owner: Key) -> None:
        """The write that a number was claimed for has ended: from now on the store alone tells."""
        for number in self._reserved.pop(owner, ()):
            claim = self._claims.get(number)
            if claim is not None and claim.owner == owner:
                self.note(number, owner)

    def _reserve(self, number: int, owner: Key) -> None:
        self._claims[number] = _Claim(owner, self._clock.monotonic() + _RESERVED)
        self._reserved.setdefault(owner, set()).add(number)

    def _is_taken(self, number: int, by: Key | None) -> bool:
        claim = self._claims.get(number)
        if claim is None or claim.owner == by:
            return False
        if self._holds(claim.owner, number) or self._clock.monotonic() < claim.until:
            return True
        del self._claims[number]
        return False
