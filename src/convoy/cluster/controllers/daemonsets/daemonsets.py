"""The loop round the planning of DaemonSets."""

from collections.abc import Iterable
from functools import partial

from convoy.cluster.controllers.batches import in_batches
from convoy.cluster.controllers.claiming import claim
from convoy.cluster.controllers.clients import is_namespace_ending
from convoy.cluster.controllers.controller import Controller, Surroundings
from convoy.cluster.controllers.daemonsets.plan import (
    build_daemon_pod,
    daemon_status,
    hash_of,
    node_of,
    plan_daemons,
)
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.histories import (
    REVISION_LABEL,
    REVISIONS,
    History,
    keep_history,
    plan_forgetting,
)
from convoy.cluster.controllers.nodes import NODES, is_cordoned, taints_of
from convoy.cluster.controllers.objects import (
    Json,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    spec_of,
    uid_of,
)
from convoy.cluster.controllers.pods import PODS
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Event, Key
from convoy.cluster.store.selectors import label_selector_of

DAEMON_SETS = "apps/daemonsets"
_FIRST_DELAY = 1.0
_LONGEST_DELAY = 900.0


class DaemonSetController(Controller):
    """Keeps one pod per node."""

    name = "daemonset-controller"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._failures: dict[tuple[str, str], tuple[float, float]] = {}  # next delay, and not before when

    def follow(self, feed: Feed) -> None:
        """Sets, their pods, and what makes nodes suit."""
        feed.on(DAEMON_SETS, self.add_own)
        feed.on(PODS, partial(self.add_controllers_of, "DaemonSet"))
        feed.on(NODES, self._add_of_node)

    def _add_of_node(self, event: Event) -> None:
        before = event.previous.object if event.previous and event.type == "MODIFIED" else None
        if before is not None and _what_matters(before) == _what_matters(event.stored.object):
            return
        for owner in self.client.list(DAEMON_SETS):
            self.queue.add(self.key(owner))

    async def sync(self, key: Key) -> float | None:
        """Make or remove pods, then tell how many there are."""
        owner = self.client.get(DAEMON_SETS, key.namespace, key.name)
        if owner is None or is_deleting(owner):
            return None
        history = await keep_history(self.client, owner, hash_label=REVISION_LABEL)
        revision = labels_of(history.update)[REVISION_LABEL]
        nodes = self.client.list(NODES)
        plan = plan_daemons(owner, await self._pods(owner), nodes, revision, self.clock.now())
        replace_later = await self._replace_failed(owner, plan.failed)
        _, failed_delete = await in_batches(plan.delete, partial(self._delete, owner), first=32)
        _, failed_create = await in_batches(plan.create, partial(self._create, owner, revision))
        pods = await self._pods(owner)
        now = self.clock.now()
        status, again = daemon_status(owner, pods, nodes, revision, now, collisions=history.collisions)
        await self.client.set_status(DAEMON_SETS, owner, status)
        await self._forget_revisions(owner, history, {revision, *map(hash_of, pods)})
        error = failed_create or failed_delete
        if error is not None and not is_namespace_ending(error):
            raise error
        return min((each for each in (again, replace_later) if each is not None), default=None)

    async def _forget_revisions(self, owner: Json, history: History, hashes: set[str]) -> None:
        live = [name_of(each) for each in history.revisions if labels_of(each).get(REVISION_LABEL) in hashes]
        for old in plan_forgetting(owner, history.revisions, live):
            await self.client.delete(REVISIONS, old)

    async def _replace_failed(self, owner: Json, pods: Iterable[Json]) -> float | None:
        """Remove failed pods, on each node later each time: replaced at once they would only fail faster."""
        waits = []
        for pod in pods:
            place, now = (uid_of(owner), node_of(pod)), self.clock.monotonic()
            delay, due = self._failures.get(place, (_FIRST_DELAY, 0.0))
            if now < due:
                waits.append(due - now)
                continue
            self._failures[place] = (min(delay * 2, _LONGEST_DELAY), now + delay)
            where = f"{namespace_of(pod)}/{name_of(pod)} on node {node_of(pod)}"
            text = f"Found failed daemon pod {where}, will try to kill it"
            self.record(owner, "Warning", "FailedDaemonPod", text)
            await self._delete(owner, pod)
        return min(waits, default=None)

    async def _pods(self, owner: Json) -> list[Json]:
        return await claim(
            self.client,
            PODS,
            owner,
            matches=label_selector_of(spec_of(owner).get("selector")).matches,
            candidates=self.client.list(PODS, namespace_of(owner)),
        )

    async def _create(self, owner: Json, revision: str, node: str) -> None:
        try:
            pod = await self.client.create(PODS, build_daemon_pod(owner, node, revision=revision))
        except StatusError as error:
            if not is_namespace_ending(error):
                self.record(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
            raise
        self.record(owner, "Normal", "SuccessfulCreate", f"Created pod: {name_of(pod)}")

    async def _delete(self, owner: Json, pod: Json) -> None:
        if await self.client.delete(PODS, pod):
            self.record(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")


def _what_matters(node: Json) -> tuple[object, ...]:
    return labels_of(node), taints_of(node), is_cordoned(node)
