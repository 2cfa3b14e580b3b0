"""What clients have of a type, held once for all that have the same.

A state leads to the next one by what a response brings; clients that go the same way meet in the same states.
What only one client has is kept apart, so that it does not tear the client from the others.
"""

from collections.abc import Mapping

from bench.fleet.decoding import Reading, Segment
from bench.fleet.wire import encode_versions


class State:
    """Versions by name, and what follows from them. Never changed; equal paths lead to the same object."""

    def __init__(self, versions: Mapping[str, str], assignment_of: Mapping[str, str]) -> None:
        self.versions = versions
        self.assignment_of = assignment_of
        self._assignments: frozenset[str] | None = None
        self._encoded: bytes | None = None
        self._next: dict[object, State] = {}

    @property
    def assignments(self) -> frozenset[str]:
        """What the EDS clusters wait for."""
        if self._assignments is None:
            self._assignments = frozenset(self.assignment_of.values())
        return self._assignments

    @property
    def encoded(self) -> bytes:
        """The versions as fields of a request."""
        if self._encoded is None:
            self._encoded = encode_versions(self.versions)
        return self._encoded

    def after(self, *segments: Segment) -> "State":
        """The state with more resources."""
        if segments not in self._next:
            versions, assignments = dict(self.versions), dict(self.assignment_of)
            for segment in segments:
                versions.update(segment.versions)
                assignments.update(segment.assignments)
            state = State(versions, assignments)
            if assignments == self.assignment_of:
                state._assignments = self.assignments
            self._next[segments] = state
        return self._next[segments]

    def without(self, names: frozenset[str]) -> "State":
        """The state without some names."""
        if names.isdisjoint(self.versions):
            return self
        if names not in self._next:
            self._next[names] = State(_without(self.versions, names), _without(self.assignment_of, names))
        return self._next[names]


class Possessions:
    """One client's resources of one type."""

    __slots__ = ("_own", "shared")

    def __init__(self, start: State) -> None:
        self.shared = start
        self._own: dict[str, Segment] = {}

    def __len__(self) -> int:
        return len(self.shared.versions) + len(self._own)

    @property
    def encoded(self) -> bytes:
        """The versions as fields of a request."""
        own = {name: segment.versions[name] for name, segment in self._own.items()}
        return self.shared.encoded + encode_versions(own)

    @property
    def assignments(self) -> frozenset[str]:
        """What the EDS clusters wait for; the same object as long as nothing changed."""
        own = {each for segment in self._own.values() for each in segment.assignments.values()}
        return self.shared.assignments | own if own else self.shared.assignments

    def version_of(self, name: str) -> str | None:
        """The version of a resource; None when it is not here."""
        own = self._own.get(name)
        return own.versions[name] if own is not None else self.shared.versions.get(name)

    def take(self, reading: Reading) -> None:
        """Have what a response brings, and no longer what it removes."""
        is_wide = any(len(segment) > 1 for segment in reading.segments)
        common = [segment for segment in reading.segments if not self._take_apart(segment, is_wide=is_wide)]
        if common:
            self.shared = self.shared.after(*common)
        if reading.removed:
            self.drop(frozenset(reading.removed))

    def drop(self, names: frozenset[str]) -> None:
        """No longer have some names."""
        for name in names:
            self._own.pop(name, None)
        self.shared = self.shared.without(names)

    def _take_apart(self, segment: Segment, *, is_wide: bool) -> bool:
        """Keep a resource of this client alone; whether it is one. What is common now is so no longer."""
        if len(segment) > 1:
            for name in [name for name in self._own if name in segment.versions]:
                del self._own[name]
            return False
        (name,) = segment.versions
        if name in self._own or (is_wide and name not in self.shared.versions):
            self._own[name] = segment
            return True
        return False


def _without(mapping: Mapping[str, str], names: frozenset[str]) -> Mapping[str, str]:
    return {name: value for name, value in mapping.items() if name not in names}
