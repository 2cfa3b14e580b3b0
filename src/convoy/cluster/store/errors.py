"""What the store refuses, and how it can fail.

StoreError                  anything below; also a database that cannot be read or written
    KeyTakenError              a new object under a name that is taken
    StaleError                    a write over a revision that is not the newest
    TooOldError                a watch or list from before what the store remembers, or from its future
    NewerStateError        a database written by a newer Convoy
"""

from convoy.cluster.store.records import Stored


class StoreError(Exception):
    """The root of the tree; its text is a sentence."""


class KeyTakenError(StoreError):
    """The key exists; `current` is what is there."""

    def __init__(self, current: Stored) -> None:
        super().__init__(f"{current.key} exists at revision {current.revision}.")
        self.current = current


class StaleError(StoreError):
    """The object changed since it was read, or is gone; `current` is what is there now."""

    def __init__(self, expected: int, current: Stored | None) -> None:
        there = f"at revision {current.revision}" if current else "gone"
        super().__init__(f"Expected revision {expected}, but the object is {there}.")
        self.current = current


class TooOldError(StoreError):
    """The log does not tell what happened since `since`; `oldest` is the first revision it can start from."""

    def __init__(self, since: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {since} ({oldest})")
        self.since = since
        self.oldest = oldest


class NewerStateError(StoreError):
    """The database has a format that this version does not know."""
