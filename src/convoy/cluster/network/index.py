"""Services with the EndpointSlices behind them, kept up to date from one cluster's store.

What the service proxy and the names stand on. A change is taken in at once and told by `changed`; who follows
sees the newest state, not every step.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from convoy.cluster.network.endpoints import load_balancer_ips
from convoy.cluster.network.service_fields import service_type
from convoy.cluster.store import Event, Key, Store
from convoy.kit.latest import LatestValue

Json = dict[str, Any]

SERVICES = "services"
SLICES = "discovery.k8s.io/endpointslices"
SERVICE_LABEL = "kubernetes.io/service-name"


class ServiceIndex:
    """The newest Services and slices by Service."""

    def __init__(self) -> None:
        self.services: dict[Key, Json] = {}
        self.balancing: set[Key] = set()  # those of type LoadBalancer
        self.balanced: dict[Key, tuple[str, ...]] = {}  # load balancer addresses of those that have some
        self.changed = LatestValue[int]()
        self._slices: dict[Key, dict[str, Json]] = {}
        self._service_of: dict[Key, Key] = {}  # of a slice
        self.dirty: set[Key] = set()  # Services that changed since somebody emptied this

    def slices(self, service: Key) -> tuple[Json, ...]:
        """The slices of a Service, in order of their names."""
        found = self._slices.get(service, {})
        return tuple(found[name] for name in sorted(found))

    def all_slices(self) -> Iterator[tuple[Key, Json]]:
        """Every slice with its Service."""
        for service, slices in self._slices.items():
            for piece in slices.values():
                yield service, piece

    def named(self, name: str) -> Iterator[tuple[str, ...]]:
        """The load balancer addresses of Services of a name, in whichever namespace."""
        return (addresses for key, addresses in sorted(self.balanced.items()) if key.name == name)

    def set_service(self, key: Key, service: Json | None) -> None:
        """Take in a Service as it is now; None when it is gone."""
        if service is None:
            self.services.pop(key, None)
        else:
            self.services[key] = service
        if service is not None and service_type(service.get("spec", {})) == "LoadBalancer":
            self.balancing.add(key)
        else:
            self.balancing.discard(key)
        addresses = load_balancer_ips(service) if service is not None else ()
        if addresses:
            self.balanced[key] = addresses
        else:
            self.balanced.pop(key, None)
        self.dirty.add(key)

    def set_slice(self, key: Key, piece: Json | None) -> None:
        """Take in a slice as it is now; None when it is gone."""
        before = self._service_of.pop(key, None)
        if before is not None:
            self._slices[before].pop(key.name, None)
            if not self._slices[before]:
                del self._slices[before]
            self.dirty.add(before)
        name = ((piece or {}).get("metadata", {}).get("labels") or {}).get(SERVICE_LABEL)
        if piece is not None and name:
            service = Key(key.namespace, name)
            self._slices.setdefault(service, {})[key.name] = piece
            self._service_of[key] = service
            self.dirty.add(service)

    async def follow(self, store: Store) -> None:
        """Take in what is stored and what changes, until the store closes or this is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                self._follow(store, SERVICES, self.set_service, lambda: list(self.services)),
                name="index:services",
            )
            tasks.create_task(
                self._follow(store, SLICES, self.set_slice, lambda: list(self._service_of)),
                name="index:slices",
            )

    async def _follow(
        self,
        store: Store,
        storage: str,
        take: Callable[[Key, Json | None], None],
        known: Callable[[], list[Key]],
    ) -> None:
        while True:
            with store.watch(storage) as watch:
                there = {stored.key: stored.object for stored in watch.initial}
                for key in known():
                    if key not in there:
                        take(key, None)
                for key, obj in there.items():
                    take(key, obj)
                self.changed.set(0)
                while events := await watch.take():
                    self._take_in(events, take)
            if not watch.overflowed:
                return

    def _take_in(self, events: Sequence[Event], take: Callable[[Key, Json | None], None]) -> None:
        for event in events:
            take(event.stored.key, None if event.type == "DELETED" else event.stored.object)
        self.changed.set(0)
