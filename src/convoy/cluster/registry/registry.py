"""The verbs of the API, as the API server, controllers, scheduler and kubelets call them in one process.

Everything raises StatusError with the words of Kubernetes. What is read is shared and never changed; what is
handed in is copied before it is kept. A write returns after it is on disk.
"""

import builtins
from collections.abc import Callable
from typing import Any

from convoy.cluster.machinery.admission import Admission
from convoy.cluster.machinery.allocation import ServiceAllocator
from convoy.cluster.machinery.requests import DeleteOptions, Patch, WriteOptions
from convoy.cluster.machinery.resources import Resource, ResourceTable
from convoy.cluster.machinery.statuses import StatusError, internal_error, not_found
from convoy.cluster.registry import scaling
from convoy.cluster.registry.admitting import Admitting
from convoy.cluster.registry.applying import Applying
from convoy.cluster.registry.binding import BINDING, bound_pod
from convoy.cluster.registry.bodies import read_body
from convoy.cluster.registry.context import Context, Target, private_copy
from convoy.cluster.registry.eviction import EVICTION, check_budget, eviction_options
from convoy.cluster.registry.patching import apply_patch, patched_object
from convoy.cluster.registry.removing import Removing
from convoy.cluster.registry.served import Shelf
from convoy.cluster.registry.showing import Shown
from convoy.cluster.registry.writing import Writing
from convoy.cluster.schema import ScalePaths, Schemas
from convoy.cluster.store import Key, Store, Stored, StoreError, Watch
from convoy.cluster.store.selectors import FieldSelector, LabelSelector
from convoy.kit.clock import SYSTEM_CLOCK, Clock

Object = dict[str, Any]
Change = Callable[[Object], Object | None]


class Registry:
    """One cluster's objects behind the rules of their kinds. `store` is open."""

    def __init__(
        self,
        *,
        store: Store,
        resources: ResourceTable,
        schemas: Schemas,
        clock: Clock = SYSTEM_CLOCK,
        admission: Admission | None = None,
        allocate: ServiceAllocator | None = None,
    ) -> None:
        self.store = store
        self.resources = resources
        self.schemas = schemas
        self.clock = clock
        self._context = Context(store, resources, schemas, clock, admission, allocate)
        self._shelf = Shelf(self._context)
        admitting = Admitting(self._context)
        self._writing = Writing(self._context, self._shelf, admitting)
        self._applying = Applying(self._context, self._writing)
        self._removing = Removing(self._context, self._shelf, admitting)
        self._shown = Shown()

    def serve_definitions(self) -> None:
        """Serve the custom resources of a store that was opened after this was made."""
        self._shelf.serve_definitions()

    @property
    def admission(self) -> Admission | None:
        """Who is asked about every write; set once it exists, for webhooks read their configurations here."""
        return self._context.admission

    @admission.setter
    def admission(self, admission: Admission | None) -> None:
        self._context.admission = admission

    @property
    def allocate(self) -> ServiceAllocator | None:
        """Who gives Services their addresses; may be set once it exists."""
        return self._context.allocate

    @allocate.setter
    def allocate(self, allocate: ServiceAllocator | None) -> None:
        self._context.allocate = allocate

    def get(self, resource: Resource, namespace: str, name: str) -> Stored:
        """An object as it is kept, in the stored version; StatusError 404."""
        stored = self.find(resource, namespace, name)
        if stored is None:
            raise not_found(resource, name)
        return stored

    def find(self, resource: Resource, namespace: str, name: str) -> Stored | None:
        """As `get`, None when there is none."""
        return self.store.get(resource.storage, Key(namespace if resource.namespaced else "", name))

    def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        labels: LabelSelector | None = None,
        fields: FieldSelector | None = None,
    ) -> list[Stored]:
        """Objects of one namespace, or of all (None), sorted by namespace and name."""
        found = self.store.list(resource.storage, namespace if resource.namespaced else None)
        if labels is not None and not labels.is_everything:
            found = [each for each in found if labels.matches(each.object["metadata"].get("labels"))]
        if fields is not None and not fields.is_everything:
            found = [each for each in found if fields.matches(each.object)]
        return [*found]

    def watch(self, resource: Resource, *, namespace: str | None = None, since: int | None = None) -> Watch:
        """What is there and what changes, in the stored version."""
        return self.store.watch(
            resource.storage, namespace=namespace if resource.namespaced else None, since=since
        )

    def shown(self, stored: Stored, resource: Resource) -> bytes:
        """An object's JSON in the version of `resource`."""
        return self._shown.raw(stored, resource)

    def shown_object(self, stored: Stored, resource: Resource) -> Object:
        """An object in the version of `resource`; shared, never to be changed."""
        return self._shown.object(stored, resource)

    async def create(self, resource: Resource, namespace: str, obj: Object, options: WriteOptions) -> Stored:
        """Keep a new object."""
        body = read_body(obj, resource, self.schemas, options)
        return await self._committed(await self._writing.create(resource, namespace, body, options))

    async def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        obj: Object,
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> Stored:
        """Replace an object, or the part of it that `subresource` (status, finalize, ...) names."""
        target = self._target(resource, namespace, name, subresource)
        target.read(self.store)
        body = read_body(obj, resource, self.schemas, options)
        return await self._committed(await self._writing.rewrite(target, lambda _: body, options))

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
        target = self._target(resource, namespace, name, subresource)
        if patch.kind == "apply":
            stored, is_new = await self._applying.apply(target, patch, options)
            return await self._committed(stored), is_new

        def make(old: Stored) -> Object:
            return patched_object(old.object, patch, resource, self.schemas, options)

        return await self._committed(await self._writing.rewrite(target, make, options)), False

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

        def make(old: Stored) -> Object | None:
            changed = change(private_copy(old.object))
            return None if changed == old.object else changed

        target = self._target(resource, namespace, name, subresource)
        return await self._committed(await self._writing.rewrite(target, make, options))

    async def delete(
        self, resource: Resource, namespace: str, name: str, delete: DeleteOptions, options: WriteOptions
    ) -> Stored | None:
        """The object while it terminates, None when it is gone."""
        stored = await self._removing.delete(self._target(resource, namespace, name), delete, options)
        await self._wait_committed()
        return stored

    async def delete_collection(
        self,
        resource: Resource,
        namespace: str | None,
        delete: DeleteOptions,
        options: WriteOptions,
        *,
        labels: LabelSelector | None = None,
        fields: FieldSelector | None = None,
    ) -> builtins.list[Stored]:
        """Delete all that match; gives them as they were, or as they wait for their end."""
        deleted = []
        for stored in self.list(resource, namespace, labels=labels, fields=fields):
            target = self._target(resource, stored.key.namespace, stored.key.name)
            try:
                deleted.append(await self._removing.delete(target, delete, options) or stored)
            except StatusError as error:
                if error.code != 404:
                    raise
        await self._wait_committed()
        return deleted

    def scale(self, resource: Resource, namespace: str, name: str) -> Object:
        """The autoscaling/v1 Scale of an object."""
        return scaling.build_scale(self.get(resource, namespace, name).object, self._scale_paths(resource))

    async def update_scale(
        self, resource: Resource, namespace: str, name: str, scale: Object, options: WriteOptions
    ) -> Object:
        """Set the number of replicas; gives the new Scale."""
        return await self._rescale(resource, namespace, name, lambda _: scale, options)

    async def patch_scale(
        self, resource: Resource, namespace: str, name: str, patch: Patch, options: WriteOptions
    ) -> Object:
        """As `update_scale`, by a patch of the Scale."""
        merge = Patch("merge", patch.body) if patch.kind == "apply" else patch

        def change(scale: Object) -> Object:
            return apply_patch(scale, merge, scaling.SCALE, self.schemas)

        return await self._rescale(resource, namespace, name, change, options)

    async def _rescale(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Callable[[Object], Object],
        options: WriteOptions,
    ) -> Object:
        paths = self._scale_paths(resource)

        def make(old: Stored) -> Object:
            scale = change(scaling.build_scale(old.object, paths))
            scale = read_body(scale, scaling.SCALE, self.schemas, options)
            if (error := scaling.check_scale_precondition(scale, old.object, resource)) is not None:
                raise error
            return scaling.with_replicas(old.object, paths, scaling.wanted_replicas(scale, name))

        target = self._target(resource, namespace, name, "scale")
        stored = await self._committed(await self._writing.rewrite(target, make, options))
        return scaling.build_scale(stored.object, paths)

    async def bind(self, namespace: str, name: str, binding: Object, options: WriteOptions) -> Stored:
        """Assign a pod to a node (pods/binding); the pod."""
        target = self._target(self.resources.stored("pods"), namespace, name, "binding")
        binding = read_body(binding, BINDING, self.schemas, options)

        def make(old: Stored) -> Object:
            return bound_pod(old.object, binding, self.clock.now())

        return await self._committed(await self._writing.rewrite(target, make, options))

    async def evict(
        self, namespace: str, name: str, eviction: Object, options: WriteOptions
    ) -> Stored | None:
        """Delete a pod unless a PodDisruptionBudget needs it: StatusError 429 (pods/eviction)."""
        pods = self.resources.stored("pods")
        if (
            isinstance(eviction, dict) and eviction.get("apiVersion") == "policy/v1beta1"
        ):  # as older clients say it
            eviction = {**eviction, "apiVersion": EVICTION.api_version}
        eviction = read_body(eviction, EVICTION, self.schemas, options)
        if (eviction.get("deleteOptions") or {}).get("dryRun"):
            options.dry_run = True
        delete = eviction_options(eviction, name)
        check_budget(self._context, self.get(pods, namespace, name).object)
        return await self.delete(pods, namespace, name, delete, options)

    def _target(self, resource: Resource, namespace: str, name: str, subresource: str = "") -> Target:
        return Target(resource, self._context.kept(resource), namespace, name, subresource)

    def _scale_paths(self, resource: Resource) -> ScalePaths:
        paths = self.schemas.scale_paths(resource) if resource.is_custom else scaling.BUILTIN_PATHS
        if paths is None:
            raise StatusError(404, "NotFound", "the server could not find the requested resource", {})
        return paths

    async def _committed(self, stored: Stored) -> Stored:
        await self._wait_committed()
        return stored

    async def _wait_committed(self) -> None:
        try:
            await self.store.committed()
        except StoreError as error:
            raise internal_error(str(error)) from error
