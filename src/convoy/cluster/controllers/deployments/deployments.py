"""The loop round the planning of Deployments."""

from convoy.cluster.controllers.claiming import claim
from convoy.cluster.controllers.clients import CONFLICT, is_namespace_ending
from convoy.cluster.controllers.controller import Controller
from convoy.cluster.controllers.deployments.progress import deployment_status
from convoy.cluster.controllers.deployments.revisions import revision_of
from convoy.cluster.controllers.deployments.rollouts import (
    Action,
    ChangeSet,
    CreateSet,
    DeleteSet,
    plan_rollout,
)
from convoy.cluster.controllers.deployments.sets import (
    REVISION,
    is_of_template,
    is_recreate,
    new_set_of,
    size_of,
)
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.objects import (
    Json,
    annotations_of,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    spec_of,
    status_of,
)
from convoy.cluster.controllers.owners import controller_of, is_controlled_by
from convoy.cluster.controllers.pods import PODS
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Event, Key
from convoy.cluster.store.selectors import label_selector_of

DEPLOYMENTS = "apps/deployments"
SETS = "apps/replicasets"


class DeploymentController(Controller):
    """Rolls Deployments out."""

    name = "deployment-controller"

    def follow(self, feed: Feed) -> None:
        """Deployments, ReplicaSets, and pods for those that wait for old pods to end."""
        feed.on(DEPLOYMENTS, self.add_own)
        feed.on(SETS, self._add_of_set)
        feed.on(PODS, self._add_of_pod)

    def _add_of_set(self, event: Event) -> None:
        self.add_controllers_of("Deployment", event)
        replica_set = event.stored.object
        if controller_of(replica_set) is None and event.type != "DELETED":
            for deployment in self.client.list(DEPLOYMENTS, event.stored.key.namespace):
                if label_selector_of(spec_of(deployment).get("selector")).matches(labels_of(replica_set)):
                    self.queue.add(self.key(deployment))

    def _add_of_pod(self, event: Event) -> None:
        ref = controller_of(event.stored.object)
        if ref is None or ref.get("kind") != "ReplicaSet":
            return
        namespace = event.stored.key.namespace
        owner = controller_of(self.client.get(SETS, namespace, ref["name"]) or {})
        if owner is None or owner.get("kind") != "Deployment":
            return
        deployment = self.client.get(DEPLOYMENTS, namespace, owner["name"])
        if deployment is not None and is_recreate(deployment):
            self.queue.add(self.key(deployment))

    async def sync(self, key: Key) -> float | None:
        """Take one step, then tell how far the rollout is."""
        deployment = self.client.get(DEPLOYMENTS, key.namespace, key.name)
        if deployment is None:
            return None
        sets = await self._sets(deployment)
        actions = plan_rollout(deployment, sets, self.client.list(PODS, key.namespace))
        created, failure, error = False, "", None
        for action in actions:
            try:
                created |= await self._apply(deployment, action)
            except StatusError as refused:
                error = refused
                if isinstance(action, CreateSet):
                    failure = refused.message
                break
        again = await self._tell(deployment, created=created, failure=failure)
        if error is not None and not is_namespace_ending(error):
            raise error
        return again

    async def _tell(self, deployment: Json, *, created: bool, failure: str) -> float | None:
        sets = await self._sets(deployment)
        await self._note_revision(deployment, sets)
        newest = self.client.get(DEPLOYMENTS, namespace_of(deployment), name_of(deployment)) or {}
        collisions = status_of(newest).get("collisionCount")
        if collisions:
            deployment = {**deployment, "status": {**status_of(deployment), "collisionCount": collisions}}
        status, again = deployment_status(
            deployment, sets, self.clock.now(), created=created, failure=failure
        )
        await self.client.set_status(DEPLOYMENTS, deployment, status)
        return again

    async def _sets(self, deployment: Json) -> list[Json]:
        return await claim(
            self.client,
            SETS,
            deployment,
            matches=label_selector_of(spec_of(deployment).get("selector")).matches,
            candidates=self.client.list(SETS, namespace_of(deployment)),
        )

    async def _note_revision(self, deployment: Json, sets: list[Json]) -> None:
        new = new_set_of(deployment, sets)
        if new is None or is_deleting(deployment):
            return
        revision = str(revision_of(new))
        if annotations_of(deployment).get(REVISION) == revision:
            return

        def change(current: Json) -> Json:
            current["metadata"].setdefault("annotations", {})[REVISION] = revision
            return current

        await self.client.modify(DEPLOYMENTS, deployment, change)

    async def _apply(self, deployment: Json, action: Action) -> bool:
        """Carry out an action; True when it made a set."""
        if isinstance(action, CreateSet):
            return await self._create(deployment, action.body)
        if isinstance(action, DeleteSet):
            await self.client.delete(SETS, action.target)
            return False
        await self._change(deployment, action)
        return False

    async def _change(self, deployment: Json, action: ChangeSet) -> None:
        def change(current: Json) -> Json:
            if action.size is not None:
                current["spec"]["replicas"] = action.size
            if action.min_ready is not None:
                current["spec"]["minReadySeconds"] = action.min_ready
            annotations = {**annotations_of(current), **action.annotations}
            current["metadata"]["annotations"] = annotations
            return current

        before = size_of(action.target)
        changed = await self.client.modify(SETS, action.target, change)
        if changed is not None and action.size is not None and action.size != before:
            self._tell_scaled(deployment, name_of(changed), before, action.size)

    def _tell_scaled(self, deployment: Json, name: str, before: int, after: int) -> None:
        way = "up" if after > before else "down"
        text = f"Scaled {way} replica set {name} from {before} to {after}"
        self.record(deployment, "Normal", "ScalingReplicaSet", text)

    async def _create(self, deployment: Json, body: Json) -> bool:
        try:
            made = await self.client.create(SETS, body)
        except StatusError as error:
            if error.code != CONFLICT:
                if not is_namespace_ending(error):
                    text = f'Failed to create new replica set "{body["metadata"]["name"]}": {error.message}'
                    self.record(deployment, "Warning", "ReplicaSetCreateError", text)
                raise
            await self._on_taken_name(deployment, body["metadata"]["name"])
            return False
        if size_of(made):
            self._tell_scaled(deployment, name_of(made), 0, size_of(made))
        return True

    async def _on_taken_name(self, deployment: Json, name: str) -> None:
        """The hash met another template's: count it, so that the next name differs."""
        taken = self.client.get(SETS, namespace_of(deployment), name)
        if taken is not None and is_controlled_by(taken, deployment) and is_of_template(taken, deployment):
            return  # made by an earlier look

        def change(current: Json) -> Json:
            status = current.setdefault("status", {})
            status["collisionCount"] = int(status.get("collisionCount") or 0) + 1
            return current

        await self.client.modify(DEPLOYMENTS, deployment, change, subresource="status")
        self.queue.add(self.key(deployment))
