"""Single objects of a cluster, each followed by its name for as long as it is needed, and no others.

So a control plane sees those Secrets that its users have it use, although its role might allow for more. What
a role forbids is told and counts as absent: nothing else waits for it.
"""

import asyncio
from collections.abc import Callable, Iterator

import msgspec

from convoy.api import codes
from convoy.api.kinds import BY_NAME
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem, sort_problems
from convoy.config.contents import Contents
from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.following import Relisted, follow
from convoy.config.kube.holding import Holding
from convoy.config.kube.listings import Selection
from convoy.config.kube.resources import resource_of
from convoy.kit.clock import Clock


class _Followed(msgspec.Struct):
    """One object: what is held of it, whether it was looked for, and why it cannot be read."""

    holding: Holding
    is_looked_for: bool = False
    fault: KubeError | None = None
    task: asyncio.Task[None] | None = None


class NamedObjects:
    """Follows what `need` says, in the tasks of `tasks`; `on_change` is called when the contents change."""

    def __init__(
        self, client: KubeClient, tasks: asyncio.TaskGroup, *, on_change: Callable[[], None], clock: Clock
    ) -> None:
        self._client = client
        self._tasks = tasks
        self._on_change = on_change
        self._clock = clock
        self._followed: dict[ObjectKey, _Followed] = {}
        self._sought: set[ObjectKey] = set()
        self.is_changed = False
        """Whether the contents are other ones than when they were taken last."""

    @property
    def is_complete(self) -> bool:
        """Whether everything that is needed was looked for."""
        return not self._sought

    def need(self, keys: frozenset[ObjectKey]) -> None:
        """These objects are needed now, and no others."""
        if self._followed.keys() == keys:
            return
        self.is_changed = True
        self._sought = (self._sought & keys) | (keys - self._followed.keys())
        for key in self._followed.keys() - keys:
            task = self._followed.pop(key).task
            if task is not None:
                task.cancel()
        for key in sorted(keys - self._followed.keys()):
            followed = self._followed[key] = _Followed(Holding(cluster=self._client.cluster))
            name = f"source:kube:{key}"
            followed.task = self._tasks.create_task(self._follow(key, followed), name=name)

    def take_contents(self) -> Contents:
        """The objects that are there, and the problems of those that cannot be read."""
        self.is_changed = False
        held = [each.holding.contents() for each in self._followed.values()]
        return Contents(
            {key: found for contents in held for key, found in contents.objects.items()},
            sort_problems([*(one for contents in held for one in contents.problems), *self._forbidden()]),
        )

    async def _follow(self, key: ObjectKey, followed: _Followed) -> None:
        kind = BY_NAME[key.kind]
        selection = Selection(namespace=key.namespace, fields=f"metadata.name={key.name}")

        def note(error: KubeError | None) -> None:
            if (error is None) != (followed.fault is None) or not followed.is_looked_for:
                followed.fault = error
                # An answer of success says nothing yet: the objects follow it.
                self._note_change(key, followed, is_looked_for=error is not None)

        happenings = follow(
            self._client,
            resource_of(kind, kind.api_versions[0]),
            selection,
            on_trouble=note,
            clock=self._clock,
        )
        async for happening in happenings:
            if isinstance(happening, Relisted):
                is_other = followed.holding.replace(kind, happening.items)
            else:
                is_other = followed.holding.change(kind, happening)
            if is_other or not followed.is_looked_for:
                self._note_change(key, followed, is_looked_for=True)

    def _note_change(self, key: ObjectKey, followed: _Followed, *, is_looked_for: bool) -> None:
        if is_looked_for:
            followed.is_looked_for = True
            self._sought.discard(key)
        self.is_changed = True
        self._on_change()

    def _forbidden(self) -> Iterator[Problem]:
        for key, each in self._followed.items():
            if each.fault is not None and each.fault.is_forbidden:
                yield Problem(
                    code=codes.CREDENTIAL_UNREADABLE,
                    key=key,
                    cluster=self._client.cluster,
                    message=f"The control plane may not read it: {each.fault}",
                    remedy=f"Bind the role istiod-credentials in {key.namespace}: kubectl create rolebinding"
                    f" istiod-credentials -n {key.namespace} --clusterrole istiod-credentials"
                    f" --serviceaccount {self._client.namespace}:istiod.",
                )
