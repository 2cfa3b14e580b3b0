"""Delete objects: at once, or mark them and wait for whoever has to do something before."""

from convoy.cluster.machinery.requests import DeleteOptions, WriteOptions, system_user
from convoy.cluster.machinery.statuses import StatusError, conflict
from convoy.cluster.registry import definitions, namespaces
from convoy.cluster.registry.admitting import Admitting, delete_request
from convoy.cluster.registry.context import ATTEMPTS, Context, Target, unwritten
from convoy.cluster.registry.deleting import check_preconditions, plan_deletion
from convoy.cluster.registry.served import Shelf
from convoy.cluster.store import StaleError, Stored

_DEFINITIONS = "apiextensions.k8s.io/customresourcedefinitions"


class Removing:
    """Deletions, not yet committed."""

    def __init__(self, context: Context, shelf: Shelf, admitting: Admitting) -> None:
        self._context = context
        self._shelf = shelf
        self._admitting = admitting

    async def delete(self, target: Target, delete: DeleteOptions, options: WriteOptions) -> Stored | None:
        """The object while it terminates, None when it is gone; StatusError 403, 404, 409."""
        namespaces.check_mortal(target.asked, target.name)
        for _ in range(ATTEMPTS):
            old = target.read(self._context.store)
            if (error := check_preconditions(target.asked, old.object, delete)) is not None:
                raise error
            await self._admitting.validate(delete_request(target, options, delete, old=old.object))
            try:
                marked = self._mark(target, old, delete, options)
            except StaleError:
                continue
            if target.kept.storage == _DEFINITIONS and marked is not None and not options.dry_run:
                return await self._delete_instances(target, marked)
            return marked
        raise conflict(target.asked, target.name)

    def _mark(
        self, target: Target, old: Stored, delete: DeleteOptions, options: WriteOptions
    ) -> Stored | None:
        now = self._context.clock.now()
        obj = old.object
        if target.kept.storage == _DEFINITIONS and self._shelf.instances(obj):
            obj = definitions.terminating(obj, now)
        planned = plan_deletion(target.kept, obj, delete, now)
        if planned is None:
            if not options.dry_run:
                self._shelf.remove(target.kept, old)
            return None
        if planned == old.object:
            return old
        if options.dry_run:
            return unwritten(old.key, planned, revision=old.revision)
        return self._shelf.put(target.kept, old.key, planned, expected=old.revision)

    async def _delete_instances(self, target: Target, marked: Stored) -> Stored | None:
        """The objects of a definition go first; those with finalizers keep it waiting."""
        instances = self._shelf.instances(marked.object)
        resource = next(each for each in self._context.resources if each.group_resource == target.name)
        options = WriteOptions(user=system_user("apiserver"), is_internal=True)
        for instance in instances:
            each = Target(resource, self._context.kept(resource), instance.key.namespace, instance.key.name)
            try:
                await self.delete(each, DeleteOptions(), options)
            except StatusError as error:
                if error.code != 404:
                    raise
        self._shelf.finish_definition(target.name)
        return self._context.store.get(target.kept.storage, target.key)
