"""The service proxy of one cluster: keeps the router's rules as Services and EndpointSlices are.

There is no delay before a change is applied; while nft runs, further changes gather and go together.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import chain

from convoy.cluster.errors import WorldError
from convoy.cluster.network.endpoints import plan_service, ready_addresses
from convoy.cluster.network.forwarding import ForwardingRule
from convoy.cluster.network.index import ServiceIndex
from convoy.cluster.network.routers import Router
from convoy.cluster.store import Key
from convoy.kit.latest import LatestValue

_RETRY = 1.0  # seconds
_LONGEST_WITHDRAWAL = 3.0
_ACCEPTING = 0.2  # seconds in which an application surely accepts a connection that has reached it


class ServiceProxy:
    """Steers connections; knows where they are steered to at the moment."""

    def __init__(
        self, index: ServiceIndex, router: Router, *, on_failure: Callable[[WorldError], None]
    ) -> None:
        self.applied = LatestValue[int]()  # the number of the index's state that is in force
        self._index = index
        self._router = router
        self._on_failure = on_failure
        self._planned: dict[Key, tuple[ForwardingRule, ...]] = {}
        self._ready: dict[Key, frozenset[str]] = {}
        self._offered: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Apply every change, until cancelled. What cannot be applied is told and tried again."""
        try:
            await self._follow()
        finally:
            self._offered = frozenset()  # the cluster stops: nobody waits for a withdrawal any more
            self.applied.set(0)

    async def _follow(self) -> None:
        seen = 0
        while True:
            seen, _ = await self._index.changed.wait_newer(seen)
            try:
                await self._apply()
            except WorldError as error:
                self._on_failure(error)
                await asyncio.sleep(_RETRY)
                self._index.changed.set(0)
            else:
                self.applied.set(seen)

    async def wait_applied(self) -> None:
        """Until what the index knows now is in force."""
        wanted = self._index.changed.number
        while not self.applied.number or self.applied.get_nowait() < wanted:
            await self.applied.wait_newer(self.applied.number)

    async def _apply(self) -> None:
        changed = set(self._index.dirty)
        self._index.dirty.clear()
        for key in changed:
            self._plan(key)
        offered = frozenset(chain.from_iterable(self._ready.values()))
        balanced = frozenset(chain.from_iterable(self._index.balanced.values()))
        await self._router.apply(self.rules(), balanced)
        self._offered = offered

    def rules(self) -> Iterable[ForwardingRule]:
        """What is planned, in order of the Services."""
        return chain.from_iterable(self._planned[key] for key in sorted(self._planned))

    def _plan(self, key: Key) -> None:
        service = self._index.services.get(key)
        slices = self._index.slices(key)
        if service is None:
            self._planned.pop(key, None)
        else:
            self._planned[key] = plan_service(service, slices, self._router.nodes)
        ready = frozenset(ready_addresses(slices))
        if ready:
            self._ready[key] = ready
        else:
            self._ready.pop(key, None)

    async def withdraw(self, address: str) -> None:
        """Return once no Service offers an address to new connections any more, and the last were accepted.

        Waits a few seconds at most: nobody may be there who takes the address out of the slices.
        """
        if address not in self._offered:
            return
        try:
            async with asyncio.timeout(_LONGEST_WITHDRAWAL):
                while address in self._offered:
                    await self.applied.wait_newer(self.applied.number)
        except TimeoutError:
            return
        await asyncio.sleep(_ACCEPTING)
