"""What namespaces hold: the objects each has from the start, and the removal of everything at its end."""

from collections.abc import Mapping, Sequence
from functools import partial

from convoy.cluster.controllers.batches import in_batches
from convoy.cluster.controllers.controller import Controller
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.objects import Json, finalizers_of, is_deleting, status_of
from convoy.cluster.controllers.pods import PODS
from convoy.cluster.machinery.conditions import new_condition, with_condition
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Event, Key

NAMESPACES = "namespaces"
CONFIG_MAPS = "configmaps"
ACCOUNTS = "serviceaccounts"
ROOT_CERTIFICATES = "kube-root-ca.crt"
DEFAULT_ACCOUNT = "default"

_FINALIZER = "kubernetes"
_DELETED_AT_ONCE = 32


class NamespaceContentController(Controller):
    """The ConfigMap with the API server's CA, and the account that pods run as unless they name another."""

    name = "namespace-content-controller"

    def follow(self, feed: Feed) -> None:
        """Namespaces, and the two objects of each."""
        feed.on(NAMESPACES, lambda event: self.queue.add(Key(event.stored.key.name, "")))
        feed.on(CONFIG_MAPS, partial(self._add_of, ROOT_CERTIFICATES))
        feed.on(ACCOUNTS, partial(self._add_of, DEFAULT_ACCOUNT))

    def _add_of(self, name: str, event: Event) -> None:
        if event.stored.key.name == name:
            self.queue.add(Key(event.stored.key.namespace, ""))

    async def sync(self, key: Key) -> float | None:
        """Make or mend both."""
        namespace = self.client.get(NAMESPACES, "", key.namespace)
        if namespace is None or is_deleting(namespace):
            return None
        if self.client.get(ACCOUNTS, key.namespace, DEFAULT_ACCOUNT) is None:
            metadata = {"name": DEFAULT_ACCOUNT, "namespace": key.namespace}
            await self.client.create(ACCOUNTS, {"metadata": metadata})
        await self._keep_certificates(key.namespace)
        return None

    async def _keep_certificates(self, namespace: str) -> None:
        data = {"ca.crt": self.around.settings.root_ca}
        existing = self.client.get(CONFIG_MAPS, namespace, ROOT_CERTIFICATES)
        if existing is None:
            metadata = {
                "name": ROOT_CERTIFICATES,
                "namespace": namespace,
                "annotations": {
                    "kubernetes.io/description": "Certificates that verify the cluster's API server."
                },
            }
            await self.client.create(CONFIG_MAPS, {"metadata": metadata, "data": data})
        elif existing.get("data") != data:
            await self.client.modify(CONFIG_MAPS, existing, lambda current: {**current, "data": data})


class NamespaceController(Controller):
    """Empties namespaces that are being deleted, pods first, and lets them go then."""

    name = "namespace-controller"

    def follow(self, feed: Feed) -> None:
        """Namespaces, and every end of something in one that ends."""
        feed.on(NAMESPACES, self.add_own)
        feed.on_all(self._add_of_content)

    def _add_of_content(self, _: str, event: Event) -> None:
        namespace = event.stored.key.namespace
        if namespace and (event.type == "DELETED" or is_deleting(event.stored.object)):
            found = self.client.get(NAMESPACES, "", namespace)
            if found is not None and is_deleting(found):
                self.queue.add(Key("", namespace))

    async def sync(self, key: Key) -> float | None:
        """Delete what is left; tell what that is, or that nothing is."""
        namespace = self.client.get(NAMESPACES, "", key.name)
        if namespace is None or not is_deleting(namespace):
            return None
        failures = await self._delete(self._content(key.name))
        left = self._content(key.name)
        await self._tell(namespace, left, failures)
        if failures:
            raise failures[0]
        if not left:
            await self._finalize(namespace)
        return None

    def _content(self, namespace: str) -> dict[str, list[Json]]:
        found = {}
        for resource in self._resources():
            objects = self.client.list(resource.storage, namespace)
            if objects:
                found[resource.storage] = objects
        return found

    def _resources(self) -> list[Resource]:
        table = self.client.registry.resources
        return [table.stored(name) for name in table.storages() if table.stored(name).namespaced]

    async def _delete(self, left: Mapping[str, list[Json]]) -> list[StatusError]:
        """Pods first: what they need, and what leads to them, stays until the last of them has ended."""
        first = {PODS: left[PODS]} if PODS in left else left
        waiting = [(storage, each) for storage in first for each in first[storage] if not is_deleting(each)]
        _, error = await in_batches(waiting, self._delete_one, first=_DELETED_AT_ONCE)
        return [error] if error else []

    async def _delete_one(self, item: tuple[str, Json]) -> None:
        storage, obj = item
        await self.client.delete(storage, obj)

    async def _tell(
        self, namespace: Json, left: Mapping[str, list[Json]], failures: Sequence[StatusError]
    ) -> None:
        counts = {self.client.resource(storage).group_resource: found for storage, found in left.items()}
        now = self.clock.now()

        def change(current: Json) -> Json:
            status = {**status_of(current)}
            conditions = list(status.get("conditions") or ())
            for new in content_conditions(counts, failures):
                conditions = with_condition(conditions, new, now)
            return {**current, "status": {**status, "phase": "Terminating", "conditions": conditions}}

        if left or failures:  # an empty one goes in the next moment
            await self.client.modify(NAMESPACES, namespace, change, subresource="status")

    async def _finalize(self, namespace: Json) -> None:
        def change(current: Json) -> Json:
            finalizers = (current.get("spec") or {}).get("finalizers") or ()
            rest = [each for each in finalizers if each != _FINALIZER]
            return {**current, "spec": {**(current.get("spec") or {}), "finalizers": rest}}

        await self.client.modify(NAMESPACES, namespace, change, subresource="finalize")


def content_conditions(left: Mapping[str, Sequence[Json]], failures: Sequence[StatusError]) -> list[Json]:
    """What keeps a namespace from going, as its conditions tell it; `left` by resource."""
    remaining = "Some resources are remaining: " + ", ".join(
        f"{resource} has {len(objects)} resource instances" for resource, objects in sorted(left.items())
    )
    held: dict[str, int] = {}
    for objects in left.values():
        for finalizer in (each for obj in objects for each in finalizers_of(obj)):
            held[finalizer] = held.get(finalizer, 0) + 1
    finalizers = "Some content in the namespace has finalizers remaining: " + ", ".join(
        f"{name} in {number} resource instances" for name, number in sorted(held.items())
    )
    failed = "; ".join(error.message for error in failures)
    return [
        _told("DeletionContentFailure", bool(failures), "ContentDeletionFailed", failed)
        if failures
        else _told("DeletionContentFailure", False, "ContentDeleted", _ALL_DELETED),
        _told("ContentRemaining", bool(left), "SomeResourcesRemain", remaining)
        if left
        else _told("ContentRemaining", False, "ContentRemoved", _ALL_REMOVED),
        _told("FinalizersRemaining", bool(held), "SomeFinalizersRemain", finalizers)
        if held
        else _told("FinalizersRemaining", False, "ContentHasNoFinalizers", _NO_FINALIZERS),
    ]


_ALL_DELETED = "All content successfully deleted, may be waiting on finalization"
_ALL_REMOVED = "All content successfully removed"
_NO_FINALIZERS = "All content-preserving finalizers finished"


def _told(what: str, holds: bool, reason: str, message: str) -> Json:
    return new_condition(f"Namespace{what}", str(holds), reason, message)
