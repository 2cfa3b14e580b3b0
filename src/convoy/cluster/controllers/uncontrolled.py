"""Kinds that are kept and that nobody acts on here: each object is told so, once."""

from functools import partial

from convoy.cluster.controllers.controller import Controller, Surroundings
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.objects import Json, is_deleting, uid_of
from convoy.cluster.controllers.recording import EVENTS
from convoy.cluster.store import Event, Key

REASON = "NoController"
_EFFECTS = {
    "networking.k8s.io/ingresses": "it routes nothing; use a LoadBalancer Service or a gateway instead",
    "networking.k8s.io/networkpolicies": "it forbids nothing",
    "autoscaling/horizontalpodautoscalers": "it scales nothing; use kubectl scale",
    "resourcequotas": "it limits nothing",
    "limitranges": "it limits nothing and gives no defaults",
    "certificates.k8s.io/certificatesigningrequests": "nobody signs it",
}


class UncontrolledController(Controller):
    """The queue's keys name the storage and, joined, namespace and name."""

    name = "convoy"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._told: set[str] = set()

    def follow(self, feed: Feed) -> None:
        """The kinds that have no controller."""
        for storage in _EFFECTS:
            feed.on(storage, partial(self._take, storage))

    def _take(self, storage: str, event: Event) -> None:
        if event.type == "DELETED":
            self._told.discard(uid_of(event.stored.object))
        elif event.type == "ADDED":
            self.queue.add(Key(storage, f"{event.stored.key.namespace}/{event.stored.key.name}"))

    async def sync(self, key: Key) -> float | None:
        """Tell it, unless it was told, by an event that still is there if not by this process."""
        storage, (namespace, _, name) = key.namespace, key.name.partition("/")
        obj = self.client.get(storage, namespace, name)
        if obj is None or is_deleting(obj) or uid_of(obj) in self._told:
            return None
        self._told.add(uid_of(obj))
        if not any(_tells_of(obj, each) for each in self.client.list(EVENTS, namespace or "default")):
            text = f"The embedded cluster has no controller for {obj['kind']} objects: {_EFFECTS[storage]}."
            self.record(obj, "Warning", REASON, text)
        return None


def _tells_of(obj: Json, event: Json) -> bool:
    """Whether an event, which may be anybody's and say next to nothing, says this of an object."""
    about = event.get("involvedObject") or {}
    return about.get("uid") == uid_of(obj) and event.get("reason") == REASON
