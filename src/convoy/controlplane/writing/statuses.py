"""The status of the Istio objects in the cluster, written when what the mesh makes of them changed.

Nothing here makes the mesh look again: what is read of an object is without its status. So a write is seen
by this writer alone, which finds that nothing is left to write.
"""

import asyncio
from collections.abc import Callable, Iterator

import msgspec

from convoy.api import codes
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
from convoy.controlplane.writing.leading import write_while_leading
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.latest import LatestValue
from convoy.mesh.credential_needs import users_of_credentials

StateOf = Callable[[ObjectKey], ObjectState | None]

_AT_A_TIME = 8


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
        async for _ in self._published.watch():
            self._changed.set()

    async def _write(self) -> None:
        if not self._published.number:
            return
        due = list(self._due(self._published.get_nowait()))
        slots = asyncio.Semaphore(_AT_A_TIME)
        answers = await asyncio.gather(
            *(self._write_one(slots, key, patch) for key, patch in due), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    def _due(self, published: Published) -> Iterator[tuple[ObjectKey, Json]]:
        problems = _by_object(published)
        now = self._clock.now()
        self._written = {key: each for key, each in self._written.items() if key in problems}
        for key, found in problems.items():
            state = self._current(key)
            if state is None or not _is_about(state, published, key, found):
                continue
            patch = plan_status(state, found, now=now)
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
            if state is None or not self._leader.is_leader:
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


def _by_object(published: Published) -> dict[ObjectKey, list[Problem]]:
    """The problems of every object with a status of ours; those that are refused may be in no view."""
    found: dict[ObjectKey, list[Problem]] = {
        key: [] for key in published.view.by_key if BY_NAME[key.kind].group
    }
    for problem in (*published.problems, *_of_credentials(published)):
        if problem.key is not None and (kind := BY_NAME.get(problem.key.kind)) and kind.group:
            found.setdefault(problem.key, []).append(problem)
    return found


def _of_credentials(published: Published) -> Iterator[Problem]:
    """What is wrong with Secrets that cannot be read, said of the objects that need them: a Secret has no
    status, and who writes a Gateway may not see another's Secrets.
    """
    unreadable = {
        problem.key: problem
        for problem in published.problems
        if problem.code is codes.CREDENTIAL_UNREADABLE and problem.key is not None
    }
    if not unreadable:
        return
    for user, key in users_of_credentials(published.view, unreadable):
        problem = unreadable[key]
        yield msgspec.structs.replace(problem, key=user, message=f"{key}: {problem.message}")


def _is_about(state: ObjectState, published: Published, key: ObjectKey, problems: list[Problem]) -> bool:
    """Whether the published state has seen the object's newest version; if not, another one is on its way."""
    if state.is_refused:
        return any(problem.is_error for problem in problems)
    return state.in_force is published.view.find(key)
