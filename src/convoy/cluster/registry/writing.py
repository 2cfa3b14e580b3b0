"""Create and change objects: from a body that was understood to an object that is kept.

A write reads the object, makes the new one of it, asks everybody who has a say, and puts it, provided that
nobody else wrote meanwhile; otherwise it starts again. Order as in Kubernetes: defaults, owners of fields,
mutating admission, the server's own part of the object, validation, validating admission.
"""

from collections.abc import Callable
from typing import Any

from convoy.cluster.machinery.requests import WriteOptions
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import (
    Cause,
    already_exists,
    conflict,
    invalid,
    method_not_allowed,
    not_found,
)
from convoy.cluster.patches import keep_times, reset_fields, update_managed_fields
from convoy.cluster.registry import namespaces, pods
from convoy.cluster.registry.admitting import Admitting, write_request
from convoy.cluster.registry.context import ATTEMPTS, Context, Target, manager_of, private_copy, unwritten
from convoy.cluster.registry.deleting import ends_with_update
from convoy.cluster.registry.meaning import asked_names, check_meant
from convoy.cluster.registry.metadata import (
    changed_immutables,
    generated_name,
    new_metadata,
    updated_metadata,
)
from convoy.cluster.registry.parts import carry_over, changed_debuggers, generation_changes
from convoy.cluster.registry.served import Shelf
from convoy.cluster.schema import validate_crd, validate_custom
from convoy.cluster.store import Key, KeyTakenError, StaleError, Stored
from convoy.cluster.strategies import (
    generate_selector,
    has_generation,
    keeps_status,
    validate_create,
    validate_update,
)
from convoy.cluster.strategies.metadata import validate_metadata

Object = dict[str, Any]
Make = Callable[[Stored], Object | None]
"""The wanted object in the version in which it is kept, from the one there is; None leaves that alone."""

_DEFINITIONS = "apiextensions.k8s.io/customresourcedefinitions"
_WHOLE = ("", "scale")  # writes of the spec, to which the rules of the kind apply
_BIRTH_STATUS = ("nodes",)  # who registers a node tells its state at once


class Writing:
    """Creates and updates; both give what is kept, not yet committed."""

    def __init__(self, context: Context, shelf: Shelf, admitting: Admitting) -> None:
        self._context = context
        self._shelf = shelf
        self._admitting = admitting

    async def create(
        self, asked: Resource, namespace: str, body: Object, options: WriteOptions, *, applied: bool = False
    ) -> Stored:
        """Keep a new object; `body` is in the kept version. `applied`: it has its managedFields already."""
        kept = self._context.kept(asked)
        name, prefix = asked_names(asked, kept, namespace, body["metadata"])
        for _ in range(ATTEMPTS):
            target = Target(asked, kept, namespace, name or generated_name(prefix))
            try:
                return await self._create_once(target, body, options, applied=applied)
            except KeyTakenError as error:
                if name:
                    raise already_exists(asked, name) from error
        raise already_exists(asked, prefix)

    async def _create_once(
        self, target: Target, body: Object, options: WriteOptions, *, applied: bool
    ) -> Stored:
        self._check_place(target)
        if self._context.store.get(target.kept.storage, target.key) is not None:
            raise already_exists(target.asked, target.name)
        obj = self._admitting.with_defaults(target, self._newborn(target, body))
        if not applied:
            self._set_owners(target, obj, old=None, options=options)
        obj = await self._admitting.mutate(
            write_request("CREATE", target, options, obj=obj, old=None), target
        )
        try:
            obj = self._finished(target, obj, old=None, options=options)
            obj = self._judged(target, obj, old=None)
            await self._admitting.validate(write_request("CREATE", target, options, obj=obj, old=None))
            self._check_place(target)
            if options.dry_run:
                return unwritten(target.key, obj, revision=self._context.store.revision)
            return self._shelf.put(target.kept, target.key, obj, expected=None)
        finally:
            self._settle(target)

    def _newborn(self, target: Target, body: Object) -> Object:
        """A copy of `body` that begins its life: nobody knows its state yet."""
        kept = target.kept
        obj = private_copy({"apiVersion": kept.api_version, "kind": kept.kind, "metadata": {}, **body})
        if keeps_status(kept) and kept.storage not in _BIRTH_STATUS:
            obj.pop("status", None)
        obj["metadata"] = new_metadata(
            obj["metadata"],
            namespace=target.key.namespace,
            name=target.name,
            has_generation=has_generation(kept),
            now=self._context.clock.now(),
        )
        if kept.storage == "batch/jobs":
            generate_selector(obj)
        return obj

    async def rewrite(
        self, target: Target, make: Make, options: WriteOptions, *, applied: bool = False
    ) -> Stored:
        """Change an object as `make` says, again when someone wrote in between; StatusError 404, 409."""
        for _ in range(ATTEMPTS):
            old = target.read(self._context.store)
            wanted = make(old)
            if wanted is None:
                return old
            try:
                return await self._update_once(target, old, wanted, options=options, applied=applied)
            except StaleError:
                continue
        raise conflict(target.asked, target.name)

    async def _update_once(
        self, target: Target, old: Stored, wanted: Object, *, options: WriteOptions, applied: bool
    ) -> Stored:
        check_meant(target, wanted["metadata"], old)
        obj = self._merged(target, private_copy(wanted), old)
        if not applied:
            self._set_owners(target, obj, old=old.object, options=options)
        request = write_request("UPDATE", target, options, obj=obj, old=old.object)
        changed = await self._admitting.mutate(request, target)
        if changed is not obj:
            obj = self._merged(target, changed, old)
        try:
            obj = self._finished(target, obj, old=old.object, options=options)
            obj = self._judged(target, obj, old=old.object)
            await self._admitting.validate(write_request("UPDATE", target, options, obj=obj, old=old.object))
            return self._keep(target, obj, old, options)
        finally:
            self._settle(target)

    def _merged(self, target: Target, wanted: Object, old: Stored) -> Object:
        """What this write may change taken from `wanted`, the rest from the object as it is; defaulted."""
        obj = carry_over(target.kept, target.subresource, old.object, wanted)
        obj["metadata"] = updated_metadata(obj["metadata"], old.object["metadata"])
        return self._admitting.with_defaults(target, private_copy(obj))

    def _keep(self, target: Target, obj: Object, old: Stored, options: WriteOptions) -> Stored:
        if keep_times(old.object, obj) is old.object:
            return old
        if options.dry_run:
            return unwritten(old.key, obj, revision=old.revision)
        if ends_with_update(target.kept, obj):
            return self._shelf.remove(target.kept, old)
        return self._shelf.put(target.kept, old.key, obj, expected=old.revision)

    def _set_owners(self, target: Target, obj: Object, *, old: Object | None, options: WriteOptions) -> None:
        entries = update_managed_fields(
            old,
            obj,
            schema=self._context.schema(target.kept),
            manager=manager_of(options),
            api_version=target.asked.api_version,
            now=self._context.clock.now(),
            subresource=target.subresource,
            reset=reset_fields(target.kept, target.subresource),
        )
        obj["metadata"].pop("managedFields", None)
        if entries:
            obj["metadata"]["managedFields"] = entries

    def _finished(self, target: Target, obj: Object, *, old: Object | None, options: WriteOptions) -> Object:
        """The object with what the server itself decides; the caller's own copy."""
        kept = target.kept
        if old is None and kept.storage == "pods":
            obj["status"] = pods.newborn_status(obj["spec"])
        if old is not None and has_generation(kept) and generation_changes(kept, old, obj):
            obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        if kept.storage == "services" and not target.subresource and self._context.allocate is not None:
            obj = self._context.allocate.allocate(obj, old=old, dry_run=options.dry_run)
        return obj

    def _judged(self, target: Target, obj: Object, *, old: Object | None) -> Object:
        """The object, when the rules of its kind allow it; raises 422. Definitions are told their fate."""
        causes = self._causes(target, obj, old=old)
        if causes:
            raise invalid(target.asked, target.name, causes)
        return self._shelf.settle_definition(obj) if target.kept.storage == _DEFINITIONS else obj

    def _causes(self, target: Target, obj: Object, *, old: Object | None) -> list[Cause]:
        kept, part = target.kept, target.subresource
        if old is None:
            causes = validate_create(kept, obj)
        elif part in _WHOLE:
            causes = changed_immutables(obj["metadata"], old["metadata"]) + validate_update(kept, obj, old)
        elif part == "ephemeralcontainers":
            causes = changed_debuggers(old, obj) + validate_create(kept, obj)
        else:
            causes = changed_immutables(obj["metadata"], old["metadata"]) + validate_metadata(kept, obj)
        if kept.is_custom:
            schemas = self._context.schemas
            causes += validate_custom(self._context.schema(kept), obj, old, scale=schemas.scale_paths(kept))
        elif kept.storage == _DEFINITIONS:
            causes += validate_crd(obj, old)
        return causes

    def _check_place(self, target: Target) -> None:
        """Raises 404 and 403 for a namespace, 405 for a definition, that takes nothing new."""
        if target.kept.namespaced:
            self._check_namespace(target)
        if target.kept.is_custom:
            name = f"{target.kept.plural}.{target.kept.group}"
            crd = self._context.store.get(_DEFINITIONS, Key("", name))
            if crd is not None and "deletionTimestamp" in crd.object["metadata"]:
                raise method_not_allowed("create not allowed while custom resource definition is terminating")

    def _check_namespace(self, target: Target) -> None:
        namespace = self._context.store.get("namespaces", Key("", target.namespace))
        if namespace is None:
            raise not_found(self._context.resources.stored("namespaces"), target.namespace)
        namespaces.check_accepts(namespace.object, target.asked, target.name)

    def _settle(self, target: Target) -> None:
        if target.kept.storage == "services" and self._context.allocate is not None:
            self._context.allocate.settle(target.namespace, target.name)
