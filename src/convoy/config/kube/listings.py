"""Which objects are asked for, and what lists and watches are answered with."""

from typing import Any, Literal

import msgspec

Json = dict[str, Any]

_ONLY_METADATA = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1,application/json"


class Listing(msgspec.Struct, frozen=True):
    """All objects of a resource at one moment; every one says its apiVersion and kind."""

    items: list[Json]
    resource_version: str


class WatchEvent(msgspec.Struct, frozen=True):
    """What happened to an object; a bookmark says only how far the watch has come."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    object: Json

    @property
    def resource_version(self) -> str:
        """The state after which a new watch would go on."""
        return str(self.object["metadata"].get("resourceVersion", ""))


class Selection(msgspec.Struct, frozen=True):
    """Which objects of a resource: of one namespace or (empty) all, with these labels and fields.

    `only_metadata` leaves all else of each object out.
    """

    namespace: str = ""
    labels: str = ""
    fields: str = ""
    only_metadata: bool = False


ALL = Selection()


def selection_query(selection: Selection, **more: str) -> dict[str, str]:
    """The query of a list or watch; empty values are left out."""
    query = {"labelSelector": selection.labels, "fieldSelector": selection.fields, **more}
    return {name: value for name, value in query.items() if value}


def accept_header(selection: Selection, *, is_list: bool = False) -> str:
    """The media type to ask for; empty for the usual one."""
    return _ONLY_METADATA.format("List" if is_list else "") if selection.only_metadata else ""
