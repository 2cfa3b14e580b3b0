"""Follows one resource: what there is, then every change; after falling behind, what changed meanwhile."""

from collections.abc import Callable

from convoy.cluster.store import Event, Key, Store, Stored
from convoy.kit.logs import get_logger

log = get_logger("cluster.kubelet")


async def follow(store: Store, storage: str, tell: Callable[[Event], None]) -> None:
    """Tell of everything, deletions included, until cancelled or the store is closed."""
    known: dict[Key, Stored] = {}
    while True:
        with store.watch(storage) as watch:
            current = {stored.key: stored for stored in watch.initial}
            gone = [stored for key, stored in known.items() if key not in current]
            for stored in gone:
                tell(Event("DELETED", stored, stored))
            for stored in current.values():
                before = known.get(stored.key)
                if before is None or before.revision != stored.revision:
                    tell(Event("MODIFIED" if before else "ADDED", stored, before))
            known = current
            async for event in watch:
                if event.type == "DELETED":
                    known.pop(event.stored.key, None)
                else:
                    known[event.stored.key] = event.stored
                tell(event)
        if not watch.overflowed:
            return
        log.warning("kubelet fell behind", storage=storage, effect="everything is compared anew")
