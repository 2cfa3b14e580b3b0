"""Server-side apply: make an object what its body says, and remember whose fields those are.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from typing import Any

from convoy.cluster.machinery.requests import Patch, WriteOptions
from convoy.cluster.machinery.statuses import StatusError, bad_request, not_found
from convoy.cluster.patches import reset_fields, server_side_apply
from convoy.cluster.registry.context import Context, Target
from convoy.cluster.registry.patching import applied_object
from convoy.cluster.registry.writing import Writing
from convoy.cluster.store import Stored

Object = dict[str, Any]


class Applying:
    """The fourth kind of patch, the only one that can create."""

    def __init__(self, context: Context, writing: Writing) -> None:
        self._context = context
        self._writing = writing

    async def apply(self, target: Target, patch: Patch, options: WriteOptions) -> tuple[Stored, bool]:
        """The object, and whether it is new; not yet committed."""
        if not options.manager:
            raise _no_manager()
        body = applied_object(
            patch, target.asked, self._context.schemas, namespace=target.namespace, name=target.name
        )
        if self._context.store.get(target.kept.storage, target.key) is None:
            return await self._create(target, body, options), True

        def make(old: Stored) -> Object:
            return self._merged(target, body, options, current=old.object)

        return await self._writing.rewrite(target, make, options, applied=True), False

    async def _create(self, target: Target, body: Object, options: WriteOptions) -> Stored:
        if target.subresource:
            raise not_found(target.asked, target.name)
        if options.check_create is not None:
            options.check_create()
        name = body["metadata"]["name"]
        if name != target.name:
            raise bad_request(
                f"the name of the object ({name}) does not match the name on the URL ({target.name})"
            )
        merged = self._merged(target, body, options, current=None)
        return await self._writing.create(target.asked, target.namespace, merged, options, applied=True)

    def _merged(
        self, target: Target, body: Object, options: WriteOptions, *, current: Object | None
    ) -> Object:
        return server_side_apply(
            current,
            body,
            schema=self._context.schema(target.kept),
            manager=options.manager,
            api_version=target.kept.api_version,
            asked_version=target.asked.api_version,
            force=options.force,
            now=self._context.clock.now(),
            subresource=target.subresource,
            reset=reset_fields(target.kept, target.subresource),
        )


def _no_manager() -> StatusError:
    cause = {
        "reason": "FieldValueRequired",
        "message": "Required value: is required for apply patch",
        "field": "fieldManager",
    }
    message = (
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    )
    details = {"group": "meta.k8s.io", "kind": "PatchOptions", "causes": [cause]}
    return StatusError(422, "Invalid", message, details)
