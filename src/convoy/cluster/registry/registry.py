"""The verbs of the API, as the API server, controllers, scheduler and kubelets call them in one process.

Everything raises StatusError with the words of Kubernetes. What is read is shared and never changed; what is
handed in is copied before it is kept. A write returns after it is on disk.
"""

from collections.abc import Callable
from typing import Any

from convoy.cluster.machinery.admission import Admission
from convoy.cluster.machinery.allocation import ServiceAllocator
from convoy.cluster.machinery.requests import DeleteOptions, Patch, WriteOptions
from convoy.cluster.machinery.resources import Resource, ResourceTable
from convoy.cluster.store import Store, Stored, Watch
from convoy.cluster.store.selectors import FieldSelector, LabelSelector
from convoy.kit.clock import SYSTEM_CLOCK, Clock

Change = Callable[[dict[str, Any]], dict[str, Any] | None]


class Registry:
    """One cluster's objects behind the rules of their kinds. `store` is open."""

    def __init__(
        self,
        *,
        store: Store,
        resources: ResourceTable,
        schemas: Any,
        clock: Clock = SYSTEM_CLOCK,
        admission: Admission | None = None,
        allocate: ServiceAllocator | None = None,
    ) -> None:
        self.store = store
        self.resources = resources
        self.schemas = schemas
        self.clock = clock
        self.admission = admission  # may be set later: webhooks read their configurations from here
        self.allocate = allocate

    def get(self, resource: Resource, namespace: str, name: str) -> Stored:
        """An object as it is kept, in the stored version; StatusError 404."""
        raise NotImplementedError

    def find(self, resource: Resource, namespace: str, name: str) -> Stored | None:
        """As `get`, None when there is none."""
        raise NotImplementedError

    def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        labels: LabelSelector | None = None,
        fields: FieldSelector | None = None,
    ) -> list[Stored]:
        """Objects of one namespace, or of all (None), sorted by namespace and name."""
        raise NotImplementedError

    def watch(self, resource: Resource, *, namespace: str | None = None, since: int | None = None) -> Watch:
        """What is there and what changes, in the stored version."""
        raise NotImplementedError

    def shown(self, stored: Stored, resource: Resource) -> bytes:
        """An object's JSON in the version of `resource`."""
        raise NotImplementedError

    def shown_object(self, stored: Stored, resource: Resource) -> dict[str, Any]:
        """An object in the version of `resource`; shared, never to be changed."""
        raise NotImplementedError

    async def create(
        self, resource: Resource, namespace: str, obj: dict[str, Any], options: WriteOptions
    ) -> Stored:
        """Keep a new object."""
        raise NotImplementedError

    async def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        obj: dict[str, Any],
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> Stored:
        """Replace an object, or the part of it that `subresource` (status, finalize, ...) names."""
        raise NotImplementedError

    async def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Patch,
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> tuple[Stored, bool]:
        """Change an object by a patch; True with it when server-side apply created it."""
        raise NotImplementedError

    async def modify(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Change,
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> Stored:
        """Read, change, write, again when someone else wrote in between.

        `change` gets a copy of its own in the stored version; what it returns is written, None leaves the
        object alone. A change that changes nothing makes no new revision.
        """
        raise NotImplementedError

    async def delete(
        self, resource: Resource, namespace: str, name: str, delete: DeleteOptions, options: WriteOptions
    ) -> Stored | None:
        """The object while it terminates, None when it is gone."""
        raise NotImplementedError

    async def delete_collection(
        self,
        resource: Resource,
        namespace: str | None,
        delete: DeleteOptions,
        options: WriteOptions,
        *,
        labels: LabelSelector | None = None,
        fields: FieldSelector | None = None,
    ) -> list[Stored]:
        """Delete all that match; gives them as they were."""
        raise NotImplementedError

    def scale(self, resource: Resource, namespace: str, name: str) -> dict[str, Any]:
        """The autoscaling/v1 Scale of an object."""
        raise NotImplementedError

    async def update_scale(
        self, resource: Resource, namespace: str, name: str, scale: dict[str, Any], options: WriteOptions
    ) -> dict[str, Any]:
        """Set the number of replicas; gives the new Scale."""
        raise NotImplementedError

    async def patch_scale(
        self, resource: Resource, namespace: str, name: str, patch: Patch, options: WriteOptions
    ) -> dict[str, Any]:
        """As `update_scale`, by a patch of the Scale."""
        raise NotImplementedError

    async def bind(self, namespace: str, name: str, binding: dict[str, Any], options: WriteOptions) -> Stored:
        """Assign a pod to a node (pods/binding)."""
        raise NotImplementedError

    async def evict(
        self, namespace: str, name: str, eviction: dict[str, Any], options: WriteOptions
    ) -> Stored | None:
        """Delete a pod unless a PodDisruptionBudget forbids it: StatusError 429 (pods/eviction)."""
        raise NotImplementedError
