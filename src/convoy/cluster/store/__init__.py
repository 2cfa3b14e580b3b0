"""The objects of one cluster: kept in memory, on disk behind it, watched from anywhere in the process."""

from convoy.cluster.store.errors import KeyTakenError, NewerStateError, StaleError, StoreError, TooOldError
from convoy.cluster.store.records import Event, EventType, Key, Stored
from convoy.cluster.store.store import Store
from convoy.cluster.store.watch import Watch

__all__ = [
    "Event",
    "EventType",
    "Key",
    "KeyTakenError",
    "NewerStateError",
    "StaleError",
    "Store",
    "StoreError",
    "Stored",
    "TooOldError",
    "Watch",
]
