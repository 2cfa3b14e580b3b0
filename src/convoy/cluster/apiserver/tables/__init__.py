"""Tables: what `kubectl get` prints, made by the server, and lists of metadata alone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from convoy.cluster.machinery.resources import Resource

Include = Literal["None", "Metadata", "Object"]


def make_table(
    resource: Resource,
    objects: Iterable[Mapping[str, Any]],
    *,
    now: datetime,
    include: Include = "Metadata",
    columns: Sequence[Mapping[str, Any]] | None = None,
    metadata: Mapping[str, Any] | None = None,
    has_columns: bool = True,
    api_version: str = "meta.k8s.io/v1",
) -> dict[str, Any]:
    """A Table of objects of one resource.

    `objects` may be as they are stored; rows carry them in the version of `resource`. `columns` are the
    `additionalPrinterColumns` of a custom resource's version. `metadata` is the list's (resourceVersion,
    continue, remainingItemCount). A watch sends `has_columns` with its first event only.
    """
    raise NotImplementedError


def partial_metadata(obj: Mapping[str, Any], *, api_version: str = "meta.k8s.io/v1") -> dict[str, Any]:
    """An object's metadata alone, as `as=PartialObjectMetadata` asks for."""
    raise NotImplementedError


def partial_metadata_list(
    objects: Iterable[Mapping[str, Any]],
    *,
    metadata: Mapping[str, Any] | None = None,
    api_version: str = "meta.k8s.io/v1",
) -> dict[str, Any]:
    """A list of such, as `as=PartialObjectMetadataList` asks for."""
    raise NotImplementedError
