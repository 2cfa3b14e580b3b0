"""The loop round the planning of StatefulSets."""

from functools import partial

from convoy.cluster.controllers.batches import in_batches
from convoy.cluster.controllers.claiming import claim
from convoy.cluster.controllers.clients import CONFLICT, is_namespace_ending
from convoy.cluster.controllers.controller import Controller
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.histories import (
    REVISIONS,
    History,
    keep_history,
    plan_forgetting,
    template_in,
)
from convoy.cluster.controllers.objects import (
    Json,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    spec_of,
    status_of,
)
from convoy.cluster.controllers.owners import controller_of, owner_references
from convoy.cluster.controllers.pods import PODS
from convoy.cluster.controllers.statefulsets.plan import (
    Action,
    CreatePod,
    DeletePod,
    Revisions,
    plan_stateful,
    stateful_status,
    wanted_ordinals,
)
from convoy.cluster.controllers.statefulsets.pods import (
    build_claims,
    build_pod,
    by_ordinal,
    claim_name,
    claim_owners,
    claim_templates,
    identity_labels,
    ordinal_of,
    pod_name,
    revision_of,
)
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Event, Key
from convoy.cluster.store.selectors import label_selector_of

STATEFUL_SETS = "apps/statefulsets"
CLAIMS = "persistentvolumeclaims"
HASH_LABEL = "controller.kubernetes.io/hash"


class StatefulSetController(Controller):
    """Keeps the pods and claims of StatefulSets."""

    name = "statefulset-controller"

    def follow(self, feed: Feed) -> None:
        """Sets and their pods."""
        feed.on(STATEFUL_SETS, self.add_own)
        feed.on(PODS, self._add_of_pod)

    def _add_of_pod(self, event: Event) -> None:
        self.add_controllers_of("StatefulSet", event)
        pod = event.stored.object
        if controller_of(pod) is None:
            name = name_of(pod).rpartition("-")[0]
            if name and self.client.get(STATEFUL_SETS, event.stored.key.namespace, name) is not None:
                self.queue.add(Key(event.stored.key.namespace, name))

    async def sync(self, key: Key) -> float | None:
        """Take one step, then tell how far it is."""
        owner = self.client.get(STATEFUL_SETS, key.namespace, key.name)
        if owner is None:
            return None
        if is_deleting(owner):
            return None
        history = await keep_history(self.client, owner, hash_label=HASH_LABEL)
        pods = await self._pods(owner)
        revisions = _revisions(owner, history)
        actions = plan_stateful(owner, pods, revisions, self.clock.now())
        act = partial(self._apply, owner, history)
        _, error = await in_batches(actions, act, first=max(1, len(actions)))
        pods = await self._pods(owner)
        await self._keep_identities(owner, pods)
        status, again = stateful_status(
            owner, pods, revisions, self.clock.now(), collisions=history.collisions
        )
        await self.client.set_status(STATEFUL_SETS, owner, status)
        await self._forget_revisions(owner, history, revisions, pods)
        if error is not None and not is_namespace_ending(error):
            raise error
        return again

    async def _pods(self, owner: Json) -> dict[int, Json]:
        candidates = [
            pod for pod in self.client.list(PODS, namespace_of(owner)) if ordinal_of(owner, pod) is not None
        ]
        matches = label_selector_of(spec_of(owner).get("selector")).matches
        owned = await claim(self.client, PODS, owner, matches=matches, candidates=candidates)
        return by_ordinal(owner, owned)

    async def _apply(self, owner: Json, history: History, action: Action) -> None:
        if isinstance(action, CreatePod):
            await self._create(owner, history, action)
        else:
            await self._delete(owner, action)

    async def _create(self, owner: Json, history: History, action: CreatePod) -> None:
        name = pod_name(owner, action.ordinal)
        revision = history.named(action.revision)
        template = template_in(revision) if revision else spec_of(owner)["template"]
        try:
            await self._create_claims(owner, action.ordinal)
            body = build_pod(owner, template, action.ordinal, revision=action.revision)
            await self.client.create(PODS, body)
        except StatusError as error:
            if not is_namespace_ending(error):
                text = f"create Pod {name} in StatefulSet {name_of(owner)} failed error: {error.message}"
                self.record(owner, "Warning", "FailedCreate", text)
            raise
        text = f"create Pod {name} in StatefulSet {name_of(owner)} successful"
        self.record(owner, "Normal", "SuccessfulCreate", text)

    async def _create_claims(self, owner: Json, ordinal: int) -> None:
        for body in build_claims(owner, ordinal):
            name = body["metadata"]["name"]
            if self.client.get(CLAIMS, namespace_of(owner), name) is not None:
                continue
            try:
                await self.client.create(CLAIMS, body)
            except StatusError as error:
                if error.code != CONFLICT:
                    raise
                continue
            text = (
                f"create Claim {name} Pod {pod_name(owner, ordinal)} in StatefulSet {name_of(owner)} success"
            )
            self.record(owner, "Normal", "SuccessfulCreate", text)

    async def _delete(self, owner: Json, action: DeletePod) -> None:
        if action.condemned:
            await self._set_claim_owners(owner, action.ordinal, action.pod, condemned=True)
        if await self.client.delete(PODS, action.pod):
            text = f"delete Pod {name_of(action.pod)} in StatefulSet {name_of(owner)} successful"
            self.record(owner, "Normal", "SuccessfulDelete", text)

    async def _keep_identities(self, owner: Json, pods: dict[int, Json]) -> None:
        """Give adopted pods the labels of their place, and claims the owners that the policy asks for."""
        wanted = wanted_ordinals(owner)
        for ordinal, pod in pods.items():
            labels = identity_labels(owner, ordinal)
            if not labels.items() <= labels_of(pod).items():
                await self.client.modify(PODS, pod, partial(_with_labels, labels))
            await self._set_claim_owners(owner, ordinal, pod, condemned=ordinal not in wanted)

    async def _set_claim_owners(self, owner: Json, ordinal: int, pod: Json, *, condemned: bool) -> None:
        for template in claim_templates(owner):
            found = self.client.get(CLAIMS, namespace_of(owner), claim_name(template, owner, ordinal))
            if found is None:
                continue
            owners = claim_owners(owner, found, pod, condemned=condemned)
            if owners != owner_references(found):
                await self.client.modify(CLAIMS, found, partial(_with_owners, owners))

    async def _forget_revisions(
        self, owner: Json, history: History, revisions: Revisions, pods: dict[int, Json]
    ) -> None:
        live = {revisions.current, revisions.update, *map(revision_of, pods.values())}
        for old in plan_forgetting(owner, history.revisions, live):
            await self.client.delete(REVISIONS, old)


def _revisions(owner: Json, history: History) -> Revisions:
    update = name_of(history.update)
    current = status_of(owner).get("currentRevision") or update
    return Revisions(current if history.named(current) else update, update)


def _with_labels(labels: dict[str, str], pod: Json) -> Json:
    pod["metadata"]["labels"] = {**labels_of(pod), **labels}
    return pod


def _with_owners(owners: list[Json], obj: Json) -> Json:
    obj["metadata"]["ownerReferences"] = owners
    return obj
