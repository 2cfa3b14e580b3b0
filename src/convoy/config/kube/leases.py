"""Leadership by a Lease: of several processes that could all do something, one does.

As Kubernetes' own components have it (https://kubernetes.io/docs/concepts/architecture/leases/): the holder
renews; whoever sees no renewal for the Lease's duration, on his own clock, takes it over. Wall clocks of
different machines are never compared. A holder that cannot renew stops leading before another one may begin.
"""

import asyncio
from typing import Any

import msgspec

from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.resources import LEASES
from convoy.kit.backoff import backoff
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.logs import get_logger
from convoy.kit.times import format_micro_time

log = get_logger("config.kube")

Json = dict[str, Any]


class Terms(msgspec.Struct, frozen=True):
    """`duration`: how long a silent holder keeps the Lease; `renew_within`: how long one that cannot renew
    goes on to lead; `every`: how often holders renew and others look. In seconds.
    """

    duration: int = 15
    renew_within: float = 10.0
    every: float = 2.0


USUAL_TERMS = Terms()


class Leader:
    """One candidate for the Lease `namespace/name`; `identity` must be unlike all others' (the pod's name).

    Leads only while `run` runs.
    """

    def __init__(
        self,
        client: KubeClient,
        *,
        name: str,
        namespace: str,
        identity: str,
        terms: Terms = USUAL_TERMS,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._name, self._namespace, self._identity = name, namespace, identity
        self._terms = terms
        self._clock = clock
        self._leads_until = float("-inf")
        self._changed = asyncio.Event()
        self._was_leader = False
        self._seen: tuple[Any, float] | None = None
        """The Lease's spec of another holder, and when it was first seen so."""

    @property
    def is_leader(self) -> bool:
        """Whether this one leads now; asked anew before everything that only a leader may do."""
        return self._clock.monotonic() < self._leads_until

    async def wait_leader(self) -> None:
        """Until this one leads."""
        while not self.is_leader:
            await self._changed.wait()

    async def wait_follower(self) -> None:
        """Until this one does not lead."""
        while self.is_leader:
            await self._changed.wait()

    async def run(self) -> None:
        """Take part for ever; when cancelled, give the Lease back so that another one need not wait."""
        try:
            while True:
                await self._try()
                self._tell()
                pause = next(backoff(self._terms.every, at_most=self._terms.every))
                # A leader wakes no later than its time is over, to tell those who wait for that.
                left = self._leads_until - self._clock.monotonic()
                await self._clock.sleep(min(pause, left) if left > 0 else pause)
                self._tell()
        finally:
            await self._give_back()

    async def _try(self) -> None:
        started = self._clock.monotonic()
        # Who leads learns in time that he no longer does, also while the API server keeps him waiting.
        patience = self._leads_until - started if self.is_leader else self._terms.renew_within
        try:
            async with asyncio.timeout(patience):
                holds = await self._hold(started)
        except TimeoutError:
            return
        except KubeError as error:
            # Another candidate was faster: looked at again at the next turn.
            if not error.is_conflict:
                log.warning("lease not renewed", lease=self._name, reason=str(error))
            return
        # Counted from before the request: others count from when they see its effect.
        self._leads_until = started + self._terms.renew_within if holds else float("-inf")

    async def _hold(self, now: float) -> bool:
        """Make, renew or take over the Lease if that may be done; whether this one holds it."""
        try:
            lease = await self._client.get(LEASES, self._name, namespace=self._namespace)
        except KubeError as error:
            if not error.is_not_found:
                raise
            await self._client.create(LEASES, self._lease({}))
            return True
        spec = lease.get("spec") or {}
        if spec.get("holderIdentity") != self._identity and not self._is_free(spec, now):
            return False
        await self._client.update(LEASES, self._lease(lease))
        self._seen = None
        return True

    def _is_free(self, spec: Json, now: float) -> bool:
        if not spec.get("holderIdentity"):
            return True
        if self._seen is None or self._seen[0] != spec:
            self._seen = (spec, now)
        duration = spec.get("leaseDurationSeconds") or self._terms.duration
        return now - self._seen[1] >= duration

    def _lease(self, before: Json) -> Json:
        spec = before.get("spec") or {}
        now = format_micro_time(self._clock.now())
        is_new = spec.get("holderIdentity") != self._identity
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {**before.get("metadata", {}), "name": self._name, "namespace": self._namespace},
            "spec": {
                **spec,
                "holderIdentity": self._identity,
                "leaseDurationSeconds": self._terms.duration,
                "renewTime": now,
                "acquireTime": now if is_new else spec.get("acquireTime", now),
                "leaseTransitions": spec.get("leaseTransitions", 0) + (1 if is_new and spec else 0),
            },
        }

    def _tell(self) -> None:
        if self.is_leader == self._was_leader:
            return
        self._was_leader = self.is_leader
        log.info("leader changed", lease=self._name, identity=self._identity, leads=self._was_leader)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _give_back(self) -> None:
        leads, self._leads_until = self.is_leader, float("-inf")
        self._tell()
        if not leads:
            return
        try:
            async with asyncio.timeout(self._terms.every):
                lease = await self._client.get(LEASES, self._name, namespace=self._namespace)
                if lease["spec"].get("holderIdentity") == self._identity:
                    lease["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
                    await self._client.update(LEASES, lease)
        except (KubeError, TimeoutError) as error:
            log.warning("lease not given back", lease=self._name, reason=str(error))
