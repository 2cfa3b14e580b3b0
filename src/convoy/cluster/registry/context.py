"""What every verb needs: the store, the kinds and their schemas, the time, and who else has a say."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import orjson

from convoy.cluster.machinery.admission import Admission
from convoy.cluster.machinery.allocation import ServiceAllocator
from convoy.cluster.machinery.requests import WriteOptions
from convoy.cluster.machinery.resources import Resource, ResourceTable
from convoy.cluster.machinery.statuses import not_found
from convoy.cluster.schema import FREE, Schema, Schemas
from convoy.cluster.store import Key, Store, Stored
from convoy.kit.clock import Clock

ATTEMPTS = 8  # at writes that others overtake


@dataclass(slots=True)
class Context:
    """Shared by the parts of one cluster's registry."""

    store: Store
    resources: ResourceTable
    schemas: Schemas
    clock: Clock
    admission: Admission | None
    allocate: ServiceAllocator | None

    def kept(self, resource: Resource) -> Resource:
        """The resource in the version in which its objects are kept."""
        if resource.api_version == resource.stored_api_version:
            return resource
        try:
            return self.resources.stored(resource.storage)
        except KeyError:  # a custom version that is kept, but no longer served
            return dataclasses.replace(resource, version=resource.storage_version)

    def schema(self, resource: Resource) -> Schema:
        """The schema of a resource; one that allows anything where there is none."""
        return self.schemas.find(resource) or FREE


@dataclass(frozen=True, slots=True)
class Target:
    """The object that a write is about: `asked` as the client named it, `kept` as it is stored."""

    asked: Resource
    kept: Resource
    namespace: str
    name: str
    subresource: str = ""

    @property
    def key(self) -> Key:
        """Its place in the store."""
        return Key(self.namespace if self.kept.namespaced else "", self.name)

    def read(self, store: Store) -> Stored:
        """The object as it is; StatusError 404."""
        stored = store.get(self.kept.storage, self.key)
        if stored is None:
            raise not_found(self.asked, self.name)
        return stored


def private_copy(obj: dict[str, Any]) -> dict[str, Any]:
    """A copy that shares nothing."""
    copied: dict[str, Any] = orjson.loads(orjson.dumps(obj))
    return copied


def unwritten(key: Key, obj: dict[str, Any], *, revision: int) -> Stored:
    """What a dry run shows instead of a stored object."""
    return Stored(key, obj, revision, orjson.dumps(obj))


def manager_of(options: WriteOptions) -> str:
    """The field manager that a write is recorded under."""
    return options.manager or "unknown"
