"""The status of the Istio objects in the cluster, written when what the mesh makes of them changed.

Nothing here makes the mesh look again: what is read of an object is without its status. So a write is seen
by this writer alone, which finds that nothing is left to write.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec

from convoy.api.base import ApiObject
from convoy.api.kinds import BY_NAME
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem
from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.holding import ObjectState
from convoy.config.kube.leases import Leader
from convoy.config.kube.resources import resource_of
from convoy.controlplane.pipeline import Published
from convoy.controlplane.writing.conditions import Json, plan_status
from convoy.controlplane.writing.due import DueStatuses
from convoy.controlplane.writing.leading import write_while_leading
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.latest import LatestValue

StateOf = Callable[[ObjectKey], ObjectState | None]

_AT_A_TIME = 8
# So many are looked at in about a millisecond.
_AT_ONCE = 100
# What nobody tells of, such as a status that somebody else wrote, is seen at the latest then.
_LOOK_AT_ALL = 5.0


class StatusWriter:
    """`state_of` is that of the KubeSource whose objects `published` was made from."""

    def __init__(
        self,
        client: KubeClient,
        leader: Leader,
        *,
        published: LatestValue[Published],
        state_of: StateOf,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client, self._leader = client, leader
        self._published, self._state_of, self._clock = published, state_of, clock
        self._changed = asyncio.Event()
        self._due = DueStatuses()
        self._looked_at_all = float("-inf")
        self._written: dict[ObjectKey, tuple[str, ObjectState]] = {}
        """What the answers to own writes said, until the watch says it: by the version written over."""

    async def run(self) -> None:
        """Write for ever, while leading."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._note_changes(), name="writing:statuses:changes")
            tasks.create_task(
                write_while_leading(
                    self._leader, self._write, self._changed, what="status", clock=self._clock
                ),
                name="writing:statuses",
            )

    async def _note_changes(self) -> None:
        async for published in self._published.watch():
            self._due.note(published)
            self._changed.set()

    async def _write(self) -> None:
        if self._clock.monotonic() - self._looked_at_all >= _LOOK_AT_ALL:
            self._looked_at_all = self._clock.monotonic()
            self._due.add_all()
        slots = asyncio.Semaphore(_AT_A_TIME)
        answers = await asyncio.gather(
            *[self._write_one(slots, key, patch) async for key, patch in self._plan()], return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    async def _plan(self) -> AsyncIterator[tuple[ObjectKey, Json]]:
        """What to write of the objects that are due; proxies need not wait for a look at all of them."""
        now = self._clock.now()
        for number, key in enumerate(self._due.take(), start=1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            state, problems = self._current(key), self._due.problems_of(key)
            if state is None:
                self._written.pop(key, None)
            elif _is_about(state, self._due.find(key), problems):
                patch = plan_status(state, problems, now=now)
                if patch is not None:
                    yield key, patch

    def _current(self, key: ObjectKey) -> ObjectState | None:
        state, written = self._state_of(key), self._written.get(key)
        if state is not None and written is not None and state.resource_version == written[0]:
            return written[1]
        return state

    async def _write_one(self, slots: asyncio.Semaphore, key: ObjectKey, patch: Json) -> None:
        async with slots:
            state = self._state_of(key)
            if state is None:
                return
            # Until it is seen that nothing is left to write.
            self._due.add([key])
            if not self._leader.is_leader:
                return
            try:
                answer = await self._patch(key, patch)
            except KubeError as error:
                # Changed or deleted meanwhile: the watch will tell, and then it is planned anew.
                if not error.is_conflict and not error.is_not_found:
                    raise
                return
            version = answer["metadata"]["resourceVersion"]
            after = msgspec.structs.replace(
                state, resource_version=version, status=answer.get("status") or {}
            )
            self._written[key] = (state.resource_version, after)

    async def _patch(self, key: ObjectKey, patch: Json) -> Json:
        """In the first version that the cluster has the kind in."""
        *preferred, last = BY_NAME[key.kind].api_versions
        for version in preferred:
            try:
                return await self._patch_in(version, key, patch)
            except KubeError as error:
                if not error.is_not_found:
                    raise
        return await self._patch_in(last, key, patch)

    async def _patch_in(self, version: str, key: ObjectKey, patch: Json) -> Json:
        resource = resource_of(BY_NAME[key.kind], version)
        return await self._client.patch(
            resource, key.name, patch, namespace=key.namespace, subresource="status"
        )


def _is_about(state: ObjectState, found: ApiObject | None, problems: list[Problem]) -> bool:
    """Whether the published state, in which an object is as `found`, has seen its newest version; if not,
    another state is on its way.
    """
    if state.is_refused:
        return any(problem.is_error for problem in problems)
    # Where an object became another one and back again, the view keeps the first of two that are equal.
    return state.in_force is found or state.in_force == found
