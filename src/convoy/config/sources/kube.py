"""Objects from a cluster's API, kept up to date while they change.

The same contents as a folder with the same YAML gives; only that the place of an object is its cluster, and
that what the cluster itself writes into objects and nobody reads is left out. Nothing is handed over before
every kind was listed once: a mesh without its Services would be a wrong one, not an early one. A kind whose
CustomResourceDefinition is missing has no objects until that appears.

An API server that is away changes nothing: what was there stays, and what changed meanwhile comes afterwards.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping

from convoy.api.kinds import BY_STRUCT, KINDS, Kind
from convoy.api.kube.core import ConfigMap
from convoy.api.meta import ObjectKey
from convoy.config.contents import ContentsChange, combine_changes
from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.definitions import defines
from convoy.config.kube.following import FIRST_DELAY, Relisted, follow
from convoy.config.kube.holding import Holding, ObjectState
from convoy.config.kube.listings import Json, Selection
from convoy.config.kube.resources import CUSTOM_RESOURCE_DEFINITIONS, KubeResource, resource_of
from convoy.config.sources.named import NamedObjects
from convoy.config.sources.needs import NO_NEEDS, NeededObjects, Needs
from convoy.config.store import Store
from convoy.kit.backoff import backoff
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.logs import get_logger

# The mesh reads nothing from these: a control plane need not see anybody's secrets.
_UNREAD = ("ConfigMap", "Secret", "ServiceAccount")
MESH_KINDS: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind.name not in _UNREAD)
# The one ConfigMap that is read holds the mesh's own configuration.
_MESH_CONFIG = "istio"

# Of Secrets, those that no Gateway could name: tokens, and the many versions that Helm keeps of its releases.
_SELECTIONS = {
    "Secret": Selection(fields="type!=kubernetes.io/service-account-token,type!=helm.sh/release.v1"),
}
# How often a kind that is missing is looked for when CustomResourceDefinitions say nothing about it.
_LONGEST_ABSENCE = 30.0
# Many events at a time are handed over at once; the first after a pause without any delay.
_PAUSE = 0.02

log = get_logger("config")


class KubeSource:
    """The objects of one cluster. `cluster` is said in its problems (by default the client's own name).

    With `mesh_namespace` the mesh's own configuration is read, too: one ConfigMap there. `needs` says which
    objects of kinds that are not read as a whole are read by their names, because others lead to them.
    """

    def __init__(
        self,
        client: KubeClient,
        *,
        cluster: str = "",
        kinds: Iterable[Kind] = MESH_KINDS,
        mesh_namespace: str = "",
        needs: Needs = NO_NEEDS,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._kinds = (*kinds, BY_STRUCT[ConfigMap]) if mesh_namespace else tuple(kinds)
        self._selections = dict(_SELECTIONS)
        if mesh_namespace:
            named = Selection(namespace=mesh_namespace, fields=f"metadata.name={_MESH_CONFIG}")
            self._selections[ConfigMap.KIND] = named
        self._clock = clock
        self._needed = NeededObjects(needs)
        self._holding = Holding(cluster=cluster or client.cluster)
        self._unlisted = {kind.name for kind in self._kinds}
        self._faults: dict[str, KubeError] = {}
        self._definitions_changed = {kind.name: asyncio.Event() for kind in self._kinds}
        self._absences = {kind.name: backoff(FIRST_DELAY, at_most=_LONGEST_ABSENCE) for kind in self._kinds}
        self._changed = asyncio.Event()
        self._synced = asyncio.Event()

    @property
    def is_synced(self) -> bool:
        """Whether every kind was listed, and handed over."""
        return self._synced.is_set()

    async def wait_synced(self) -> None:
        """Until every kind was listed, and handed over."""
        await self._synced.wait()

    @property
    def faults(self) -> Mapping[str, KubeError]:
        """By kind, why it cannot be read now; empty when all is well."""
        return self._faults

    def state_of(self, key: ObjectKey) -> ObjectState | None:
        """What the cluster says of an object beside what the mesh reads, also of one that was refused."""
        return self._holding.state_of(key)

    async def run(self, store: Store) -> None:
        """Hand the cluster's objects to the store once all kinds were listed, and then every change, for
        ever. The API server may come, go and refuse as it likes; `faults` says what is wrong with it.
        """
        async with asyncio.TaskGroup() as tasks:
            for kind in self._kinds:
                tasks.create_task(self._follow_kind(kind), name=f"source:kube:{kind.plural}")
            tasks.create_task(self._follow_definitions(), name="source:kube:definitions")
            named = NamedObjects(self._client, tasks, on_change=self._changed.set, clock=self._clock)
            tasks.create_task(self._hand_over(store, named), name="source:kube:put")

    async def _hand_over(self, store: Store, named: NamedObjects) -> None:
        source, untold = f"kube:{self._client.cluster}", ContentsChange()
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._unlisted:
                continue
            change = self._holding.take_change()
            self._needed.update(change)
            named.need(self._needed.keys)
            untold = combine_changes(untold, change)
            if not named.is_complete:
                continue  # What leads to them would be held back for want of them.
            store.change(source, untold)
            if named.is_changed:
                store.put(f"{source}:named", named.take_contents())
            untold = ContentsChange()
            self._synced.set()
            await self._clock.sleep(_PAUSE)

    async def _follow_kind(self, kind: Kind) -> None:
        while True:
            for api_version in kind.api_versions:
                await self._follow_resource(kind, resource_of(kind, api_version))
            if await self._is_undefined(kind):
                self._replace(kind, [])
            await self._wait_definition(kind)

    async def _is_undefined(self, kind: Kind) -> bool:
        """Whether a kind that is not served is also not meant to be: else its objects are only out of sight,
        and what was read of them stays.
        """
        if not kind.group:
            return False
        try:
            definition = await self._client.get(CUSTOM_RESOURCE_DEFINITIONS, f"{kind.plural}.{kind.group}")
        except KubeError as error:
            # Who may not look must believe the 404.
            return error.is_not_found or error.is_forbidden
        return not defines(definition, kind)

    async def _follow_resource(self, kind: Kind, resource: KubeResource) -> None:
        """Returns when the cluster does not have the resource, or no longer."""
        selection = self._selections.get(kind.name, Selection())

        def note(error: KubeError | None) -> None:
            self._note_trouble(kind, error)

        happenings = follow(self._client, resource, selection, on_trouble=note, clock=self._clock)
        try:
            async for happening in happenings:
                if isinstance(happening, Relisted):
                    self._replace(kind, happening.items)
                elif self._holding.change(kind, happening):
                    self._changed.set()
        except KubeError as error:
            if not error.is_not_found:
                raise
            self._note_trouble(kind, None)

    def _replace(self, kind: Kind, items: list[Json]) -> None:
        if self._holding.replace(kind, items) or kind.name in self._unlisted:
            self._unlisted.discard(kind.name)
            self._changed.set()

    def _note_trouble(self, kind: Kind, error: KubeError | None) -> None:
        """Tell each reason once when it begins, and when the last one ended; not every attempt."""
        known = {_reason(fault) for fault in self._faults.values()}
        before = self._faults.pop(kind.name, None)
        if error is not None:
            self._faults[kind.name] = error
            if _reason(error) not in known:
                effect = "waiting" if self._unlisted else "what was read stays in force"
                log.warning("cluster not readable", reason=str(error), effect=effect)
        elif before is not None and not self._faults:
            log.info("cluster readable again", cluster=self._client.cluster)

    async def _follow_definitions(self) -> None:
        """Wake those who wait for a CustomResourceDefinition when something happens to it.

        A role that may not read them is no trouble: kinds that are missing are then looked for now and then.
        """
        while True:
            happenings = follow(
                self._client,
                CUSTOM_RESOURCE_DEFINITIONS,
                Selection(only_metadata=True),
                clock=self._clock,
            )
            try:
                async for happening in happenings:
                    objects = happening.items if isinstance(happening, Relisted) else [happening.object]
                    self._note_definitions({obj["metadata"]["name"] for obj in objects})
            except KubeError:
                await self._clock.sleep(_LONGEST_ABSENCE)

    def _note_definitions(self, names: set[str]) -> None:
        for kind in self._kinds:
            if f"{kind.plural}.{kind.group}" in names:
                self._definitions_changed[kind.name].set()

    async def _wait_definition(self, kind: Kind) -> None:
        """Until something happens to a kind's definition, or for a while, which grows."""
        changed = self._definitions_changed[kind.name]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(next(self._absences[kind.name])):
                await changed.wait()
        if changed.is_set():
            # It is served a little later than it is defined.
            self._absences[kind.name] = backoff(FIRST_DELAY, at_most=_LONGEST_ABSENCE)
        changed.clear()


def _reason(error: KubeError) -> tuple[int, str]:
    """What tells reasons apart: that nothing answers is the same one for every kind."""
    return (error.status, error.attempt.resource if error.status else "")
