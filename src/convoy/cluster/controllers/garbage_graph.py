"""Who owns whom, over all resources: kept up to date by events, asked by the garbage collector. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass

from convoy.cluster.controllers.objects import Json, finalizers_of, is_deleting, uid_of
from convoy.cluster.controllers.owners import owner_references
from convoy.cluster.store import Event, Key

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object is: its resource's storage, its key, and its uid."""

    storage: str
    key: Key
    uid: str


class OwnerGraph:
    """Objects by uid, and the objects that name them as owners."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._owners: dict[str, frozenset[str]] = {}
        self._dependents: dict[str, set[str]] = {}

    def place(self, uid: str) -> Place | None:
        """Where the object of that uid is, if it is."""
        return self._places.get(uid)

    def dependents(self, uid: str) -> list[Place]:
        """The objects that name it as an owner, in no particular order."""
        return [self._places[each] for each in self._dependents.get(uid, ()) if each in self._places]

    def apply(self, storage: str, event: Event) -> list[str]:
        """Take a change in; gives the uids that want attention because of it."""
        obj = event.stored.object
        uid = uid_of(obj)
        if event.type == "DELETED":
            waiting = sorted(self._dependents.get(uid, ())) + sorted(self._owners.get(uid, ()))
            self._places.pop(uid, None)
            self._link(uid, ())
            return waiting
        if uid not in self._places:
            self._places[uid] = Place(storage, event.stored.key, uid)
        owners = frozenset(ref.get("uid") or "" for ref in owner_references(obj))
        before = self._owners.get(uid, frozenset())
        if owners != before:
            self._link(uid, owners)
        attention = [uid] if owners or wants_attention(obj) else []
        # An owner that waits in the foreground may have waited for this one.
        return attention + sorted(before - owners)

    def _link(self, uid: str, owners: Iterable[str]) -> None:
        for owner in self._owners.pop(uid, ()):
            known = self._dependents.get(owner)
            if known is not None:
                known.discard(uid)
                if not known:
                    del self._dependents[owner]
        owners = frozenset(owners)
        if owners:
            self._owners[uid] = owners
        for owner in owners:
            self._dependents.setdefault(owner, set()).add(uid)


def wants_attention(obj: Json) -> bool:
    """Whether an object is being deleted and waits for the garbage collector."""
    return is_deleting(obj) and bool({FOREGROUND, ORPHAN} & set(finalizers_of(obj)))
