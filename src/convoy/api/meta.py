"""Metadata of API objects, and the key that names an object."""

from typing import NewType

import msgspec

Hostname = NewType("Hostname", str)
ClusterID = NewType("ClusterID", str)
Namespace = NewType("Namespace", str)


class OwnerReference(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """Who owns an object, as in Kubernetes' meta/v1."""

    api_version: str
    kind: str
    name: str
    uid: str = ""
    controller: bool = False
    block_owner_deletion: bool = False


class ObjectMeta(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    """Kubernetes' meta/v1 ObjectMeta. Objects without a creationTimestamp count as equally old."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    creation_timestamp: str = ""
    deletion_timestamp: str = ""
    deletion_grace_period_seconds: int | None = None
    resource_version: str = ""
    generation: int = 0
    uid: str = ""
    self_link: str = ""
    finalizers: list[str] = []
    owner_references: list[OwnerReference] = []
    managed_fields: list[dict[str, object]] = []


class ObjectKey(msgspec.Struct, frozen=True, order=True, gc=False):
    """What names an object within one cluster. `kind` is the bare kind; its API group follows from it."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"
