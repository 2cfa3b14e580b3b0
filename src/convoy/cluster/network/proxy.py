"""The service proxy of one cluster: keeps the router's rules as Services and EndpointSlices are.

There is no delay before a change is applied; while nft runs, further changes gather and go together.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import chain

from convoy.cluster.errors import WorldError
from convoy.cluster.network.endpoints import plan_service, ready_addresses
from convoy.cluster.network.index import ServiceIndex
from convoy.cluster.network.routers import Router
from convoy.cluster.network.rulebooks import Owner, Rules
from convoy.cluster.store import Key
from convoy.kit.latest import LatestValue

_RETRY = 1.0  # seconds
_LONGEST_WITHDRAWAL = 3.0
_SETTLING = 0.1  # seconds in which whoever saw the pod ready a moment ago has written it into the slices
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
        self._ready: dict[Key, frozenset[str]] = {}
        self._coming: dict[Key, frozenset[str]] = {}  # what will be ready once the rules are in force
        self._offers: Counter[str] = Counter()  # how many Services lead to an address

    async def run(self) -> None:
        """Apply every change, until cancelled. What cannot be applied is told and tried again."""
        try:
            await self._follow()
        finally:
            self._offers.clear()  # the cluster stops: nobody waits for a withdrawal any more
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
        changes: dict[Owner, Rules] = {key: self._plan(key) for key in changed}
        self._coming |= {key: frozenset(ready_addresses(self._index.slices(key))) for key in changed}
        balanced = frozenset(chain.from_iterable(self._index.balanced.values()))
        await self._router.apply(changes, balanced)
        for key, addresses in self._coming.items():
            self._offer(key, addresses)
        self._coming.clear()

    def _plan(self, key: Key) -> Rules:
        service = self._index.services.get(key)
        if service is None:
            return ()
        return plan_service(service, self._index.slices(key), self._router.nodes)

    def _offer(self, key: Key, addresses: frozenset[str]) -> None:
        """From now on a Service leads to these addresses and no others."""
        self._offers.subtract(self._ready.pop(key, ()))
        self._offers.update(addresses)
        if addresses:
            self._ready[key] = addresses

    async def withdraw(self, address: str) -> None:
        """Return once no Service offers an address to new connections any more, and the last were accepted.

        A pod may be deleted in the moment in which it became ready: then it is about to be offered, and is
        waited for as well. Waits a few seconds at most: nobody may be there who takes the address out of the
        slices.
        """
        await asyncio.sleep(_SETTLING)
        if not self._may_lead_to(address):
            return
        try:
            async with asyncio.timeout(_LONGEST_WITHDRAWAL):
                while self._may_lead_to(address):
                    await self.applied.wait_newer(self.applied.number)
        except TimeoutError:
            return
        await asyncio.sleep(_ACCEPTING)

    def _may_lead_to(self, address: str) -> bool:
        """Whether the rules in force offer an address, or those that are being put in force."""
        if self._offers[address] or any(address in coming for coming in self._coming.values()):
            return True
        return any(address in ready_addresses(self._index.slices(key)) for key in self._index.dirty)
