"""What the store keeps and tells: objects with their revision and bytes, and the events of their change."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

EventType = Literal["ADDED", "MODIFIED", "DELETED"]


class Key(NamedTuple):
    """An object's place among those of its resource; namespace "" where there are none."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it was at one revision. It is shared by everyone who reads it: never change `object`."""

    key: Key
    object: dict[str, Any]
    revision: int
    raw: bytes  # the object as JSON


@dataclass(frozen=True, slots=True)
class Event:
    """A change. Of a deleted object `stored` is its last state, under the revision of the deletion."""

    type: EventType
    stored: Stored
    previous: Stored | None
