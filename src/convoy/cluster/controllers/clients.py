"""How a controller reads and writes: from the store in the same process, through the registry as itself.

Reads are of this very moment and shared, so they are never changed. Writes that find their object gone, or
replaced by another one of the same name, do nothing: whoever removed it will have told the controller.
"""

from collections.abc import Callable
from typing import Any

from convoy.cluster.controllers.objects import Json, name_of, namespace_of, uid_of
from convoy.cluster.machinery.requests import DeleteOptions, Propagation, WriteOptions, system_user
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.registry import Registry
from convoy.cluster.store import Key

Change = Callable[[Json], Json | None]

NOT_FOUND = 404
CONFLICT = 409


class Client:
    """The cluster as one component sees it; resources are named by their storage, as `apps/deployments`."""

    def __init__(self, registry: Registry, component: str) -> None:
        self.registry = registry
        self.component = component
        self._user = system_user(component)

    def options(self) -> WriteOptions:
        """How this component writes."""
        return WriteOptions(user=self._user, manager=self.component, is_internal=True)

    def resource(self, storage: str) -> Resource:
        """The resource kept under that name; KeyError when there is none."""
        return self.registry.resources.stored(storage)

    def get(self, storage: str, namespace: str, name: str) -> Json | None:
        """An object, if there is one."""
        stored = self.registry.store.get(storage, Key(namespace, name))
        return stored.object if stored else None

    def list(self, storage: str, namespace: str | None = None) -> list[Json]:
        """The objects of one namespace, or of all, by namespace and name."""
        return [stored.object for stored in self.registry.store.list(storage, namespace)]

    async def create(self, storage: str, obj: Json) -> Json:
        """Make an object; raises StatusError."""
        resource = self.resource(storage)
        body = {"apiVersion": resource.stored_api_version, "kind": resource.kind, **obj}
        stored = await self.registry.create(resource, namespace_of(obj), body, self.options())
        return stored.object

    async def modify(
        self, storage: str, obj: Json, change: Change, *, subresource: str = ""
    ) -> dict[str, Any] | None:
        """Let `change` alter a copy of the newest state of `obj`; gives the result, None when it is gone."""

        def change_same(current: Json) -> Json | None:
            return change(current) if uid_of(current) == uid_of(obj) else None

        try:
            stored = await self.registry.modify(
                self.resource(storage),
                namespace_of(obj),
                name_of(obj),
                change_same,
                self.options(),
                subresource=subresource,
            )
        except StatusError as error:
            if error.code == NOT_FOUND:
                return None
            raise
        return stored.object if uid_of(stored.object) == uid_of(obj) else None

    async def set_status(self, storage: str, obj: Json, status: Json) -> None:
        """Replace an object's status, unless it is that already."""
        if obj.get("status") == status:
            return

        def change(current: Json) -> Json | None:
            current["status"] = status
            return current

        await self.modify(storage, obj, change, subresource="status")

    async def delete(
        self,
        storage: str,
        obj: Json,
        *,
        propagation: Propagation | None = "Background",
        grace_seconds: int | None = None,
    ) -> bool:
        """Ask for the deletion of this very object; False when it was gone already."""
        how = DeleteOptions(grace_period_seconds=grace_seconds, propagation=propagation, uid=uid_of(obj))
        try:
            await self.registry.delete(
                self.resource(storage), namespace_of(obj), name_of(obj), how, self.options()
            )
        except StatusError as error:
            if error.code in (NOT_FOUND, CONFLICT):  # conflict: another object has its name now
                return False
            raise
        return True


def is_namespace_ending(error: StatusError) -> bool:
    """Whether a create was refused because its namespace is being deleted: no reason to try again."""
    causes = (error.details or {}).get("causes") or ()
    return error.code == 403 and any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
