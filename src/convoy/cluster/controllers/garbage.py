"""Removes what its owners left behind, in the way that the deletion of the owner asked for.

Background: the owner is gone, its dependents follow. Foreground: dependents first; the owner waits for those
that block it. Orphan: dependents lose the reference and stay.
https://kubernetes.io/docs/concepts/architecture/garbage-collection/

An owner exists when an object of that kind, name and uid does, in the dependent's own namespace or without
one. One that was replaced under its name is gone.
"""

from dataclasses import dataclass

from convoy.cluster.controllers.controller import Controller, Surroundings
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.garbage_graph import FOREGROUND, ORPHAN, OwnerGraph, Place
from convoy.cluster.controllers.objects import (
    Json,
    finalizers_of,
    is_deleting,
    namespace_of,
    uid_of,
)
from convoy.cluster.controllers.owners import owner_references, without_owner
from convoy.cluster.machinery.requests import Propagation
from convoy.cluster.store import Event, Key

_UNKNOWN_KIND_AGAIN = 30.0
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Owners:
    """An object's owners by what has become of them."""

    alive: tuple[Json, ...] = ()
    waiting: tuple[Json, ...] = ()  # being deleted in the foreground
    gone: tuple[Json, ...] = ()
    unknown: tuple[Json, ...] = ()  # of a kind that is not served (now)


class GarbageController(Controller):
    """The queue's keys are uids."""

    name = "garbage-collector"
    workers = 8

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.graph = OwnerGraph()
        self._gone: dict[str, None] = {}  # uids, for owners whose kind went with them

    def follow(self, feed: Feed) -> None:
        """Everything."""
        feed.on_all(self._take)

    def _take(self, storage: str, event: Event) -> None:
        if event.type == "DELETED":
            self._gone[uid_of(event.stored.object)] = None
            while len(self._gone) > _REMEMBERED:
                del self._gone[next(iter(self._gone))]
        for uid in self.graph.apply(storage, event):
            self.queue.add(Key("", uid))

    async def sync(self, key: Key) -> float | None:
        """Look at one object: as an owner that is being deleted, then as a dependent."""
        place = self.graph.place(key.name)
        obj = self._read(place) if place else None
        if place is None or obj is None:
            return None
        if is_deleting(obj):
            await self._end_as_owner(place, obj)
            return None
        return await self._check_owners(place, obj)

    def _read(self, place: Place) -> Json | None:
        obj = self.client.get(place.storage, place.key.namespace, place.key.name)
        return obj if obj is not None and uid_of(obj) == place.uid else None

    # An owner that waits for its dependents.

    async def _end_as_owner(self, place: Place, obj: Json) -> None:
        if ORPHAN in finalizers_of(obj):
            for dependent in self.graph.dependents(place.uid):
                if (child := self._read(dependent)) is not None:
                    await self._disown(dependent, child, place.uid)
            await self._take_finalizer(place, obj, ORPHAN)
        elif FOREGROUND in finalizers_of(obj):
            await self._end_in_foreground(place, obj)

    async def _end_in_foreground(self, place: Place, obj: Json) -> None:
        is_blocked = False
        for dependent in self.graph.dependents(place.uid):
            child = self._read(dependent)
            ref = _reference(child, place.uid) if child else None
            if child is None or ref is None:
                continue
            is_blocked |= bool(ref.get("blockOwnerDeletion"))
            if not is_deleting(child):
                self.queue.add(Key("", dependent.uid))  # it finds its owner waiting, and follows it
        if not is_blocked:
            await self._take_finalizer(place, obj, FOREGROUND)

    async def _take_finalizer(self, place: Place, obj: Json, finalizer: str) -> None:
        def change(current: Json) -> Json | None:
            left = [each for each in finalizers_of(current) if each != finalizer]
            current["metadata"]["finalizers"] = left
            if not left:
                del current["metadata"]["finalizers"]
            return current

        await self.client.modify(place.storage, obj, change)

    async def _disown(self, place: Place, obj: Json, owner: str) -> None:
        await self.client.modify(place.storage, obj, lambda current: without_owner(current, owner))

    # A dependent whose owners may be gone.

    async def _check_owners(self, place: Place, obj: Json) -> float | None:
        owners = self.owners_of(obj)
        again = _UNKNOWN_KIND_AGAIN if owners.unknown else None
        if not owners.gone and not owners.waiting:
            return again
        if owners.alive or owners.unknown:
            for ref in (*owners.gone, *owners.waiting):
                await self._disown(place, obj, ref["uid"])
            return again
        propagation: Propagation | None = "Background"
        if owners.waiting and self.graph.dependents(place.uid):
            propagation = "Foreground"  # what the dependent owns blocks the owner, too
        elif {ORPHAN, FOREGROUND} & set(finalizers_of(obj)):
            propagation = None
        await self.client.delete(place.storage, obj, propagation=propagation)
        return None

    def owners_of(self, obj: Json) -> Owners:
        """What has become of an object's owners."""
        found: dict[str, list[Json]] = {"alive": [], "waiting": [], "gone": [], "unknown": []}
        for ref in owner_references(obj):
            found[self._state_of(ref, namespace_of(obj))].append(ref)
        return Owners(**{state: tuple(refs) for state, refs in found.items()})

    def _state_of(self, ref: Json, namespace: str) -> str:
        if ref.get("uid") in self._gone:
            return "gone"
        resources = self.client.registry.resources
        resource = resources.by_kind(ref.get("apiVersion") or "", ref.get("kind") or "")
        if resource is None:
            return "unknown"
        if resource.namespaced and not namespace:
            return "alive"  # a namespaced owner of an object without namespace: cannot be looked up
        where = namespace if resource.namespaced else ""
        owner = self.client.get(resource.storage, where, ref.get("name") or "")
        if owner is None or uid_of(owner) != ref.get("uid"):
            return "gone"
        return "waiting" if is_deleting(owner) and FOREGROUND in finalizers_of(owner) else "alive"


def _reference(obj: Json, uid: str) -> Json | None:
    return next((ref for ref in owner_references(obj) if ref.get("uid") == uid), None)
