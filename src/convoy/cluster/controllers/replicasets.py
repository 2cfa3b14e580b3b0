"""ReplicaSets and ReplicationControllers: so many pods of one template, no more and no fewer."""

from functools import partial

from convoy.cluster.controllers.batches import in_batches
from convoy.cluster.controllers.claiming import claim
from convoy.cluster.controllers.clients import is_namespace_ending
from convoy.cluster.controllers.controller import Controller
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.objects import Json, is_deleting, labels_of, name_of, spec_of
from convoy.cluster.controllers.owners import controller_of
from convoy.cluster.controllers.pods import PODS, pod_of_template
from convoy.cluster.controllers.replicas import (
    Failure,
    failed_to,
    plan_replicas,
    replica_status,
    wanted_replicas,
)
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Event, Key
from convoy.cluster.store.selectors import LabelSelector, label_selector_of


class ReplicaSetController(Controller):
    """Keeps the pods of ReplicaSets."""

    name = "replicaset-controller"
    storage = "apps/replicasets"
    kind = "ReplicaSet"

    def follow(self, feed: Feed) -> None:
        """Its own objects, and pods."""
        feed.on(self.storage, self.add_own)
        feed.on(PODS, self._add_of_pod)

    def selector_of(self, owner: Json) -> LabelSelector:
        """Which pods may be its own."""
        return label_selector_of(spec_of(owner).get("selector"))

    def _add_of_pod(self, event: Event) -> None:
        self.add_controllers_of(self.kind, event)
        if controller_of(event.stored.object) is None and event.type != "DELETED":
            labels = labels_of(event.stored.object)
            if labels:
                for owner in self.client.list(self.storage, event.stored.key.namespace):
                    if self.selector_of(owner).matches(labels):
                        self.queue.add(self.key(owner))

    async def sync(self, key: Key) -> float | None:
        """Make or remove pods, then tell how many there are."""
        owner = self.client.get(self.storage, key.namespace, key.name)
        if owner is None:
            return None
        failure, error = None, None
        if not is_deleting(owner):
            failure, error = await self._manage(owner, await self._pods(owner))
        pods = await self._pods(owner)
        status, again = replica_status(owner, pods, self.clock.now(), failure=failure)
        await self.client.set_status(self.storage, owner, status)
        if error is not None and not is_namespace_ending(error):
            raise error  # tried again, later each time
        return again

    async def _pods(self, owner: Json) -> list[Json]:
        matches = self.selector_of(owner).matches
        candidates = self.client.list(PODS, owner["metadata"]["namespace"])
        return await claim(self.client, PODS, owner, matches=matches, candidates=candidates)

    async def _manage(self, owner: Json, pods: list[Json]) -> tuple[Failure | None, StatusError | None]:
        plan = plan_replicas(wanted_replicas(owner), pods)
        if plan.create:
            _, error = await in_batches([owner] * plan.create, self._create_pod)
            return (failed_to("create", error), error) if error else (None, None)
        _, error = await in_batches(plan.delete, partial(self._delete_pod, owner), first=len(plan.delete))
        return (failed_to("delete", error), error) if error else (None, None)

    async def _create_pod(self, owner: Json) -> None:
        try:
            pod = await self.client.create(PODS, pod_of_template(owner, spec_of(owner)["template"]))
        except StatusError as error:
            if not is_namespace_ending(error):
                self.record(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
            raise
        self.record(owner, "Normal", "SuccessfulCreate", f"Created pod: {name_of(pod)}")

    async def _delete_pod(self, owner: Json, pod: Json) -> None:
        try:
            await self.client.delete(PODS, pod)
        except StatusError as error:
            self.record(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            raise
        self.record(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")


class ReplicationControllerController(ReplicaSetController):
    """The same for ReplicationControllers, whose selector is a plain map."""

    name = "replication-controller"
    storage = "replicationcontrollers"
    kind = "ReplicationController"

    def selector_of(self, owner: Json) -> LabelSelector:
        """Which pods may be its own; without a selector, those with the template's labels."""
        labels = spec_of(owner).get("selector")
        if not labels:
            labels = ((spec_of(owner).get("template") or {}).get("metadata") or {}).get("labels")
        return label_selector_of({"matchLabels": labels} if labels else None)
