"""Objects cut down to their metadata (PartialObjectMetadata), as rows of tables carry them."""

from collections.abc import Iterable, Mapping
from typing import Any

META = "meta.k8s.io/v1"


def partial_metadata(obj: Mapping[str, Any], *, api_version: str = META) -> dict[str, Any]:
    """An object's metadata alone, as `as=PartialObjectMetadata` asks for."""
    return {"kind": "PartialObjectMetadata", "apiVersion": api_version, "metadata": obj["metadata"]}


def partial_metadata_list(
    objects: Iterable[Mapping[str, Any]],
    *,
    metadata: Mapping[str, Any] | None = None,
    api_version: str = META,
) -> dict[str, Any]:
    """A list of such, as `as=PartialObjectMetadataList` asks for; `metadata` is the list's."""
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": api_version,
        "metadata": dict(metadata or {}),
        "items": [partial_metadata(obj, api_version=api_version) for obj in objects],
    }
