"""What both ways of tracking fields share: which fields count, and what has changed."""

from collections.abc import Mapping
from typing import Any, Final

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.patches.comparing import Changes, compare
from convoy.cluster.patches.fields import LEAF, NOTHING, Fields, ordered
from convoy.cluster.schema.nodes import Schema

_STATUS: Final[Fields] = {"f:status": LEAF}
_SPEC: Final[Fields] = {"f:spec": LEAF}

# What is said by where an object is, or by the server: nobody manages it.
_NOBODYS: Final = frozenset(
    (
        ".",
        "f:name",
        "f:namespace",
        "f:creationTimestamp",
        "f:selfLink",
        "f:uid",
        "f:clusterName",
        "f:generation",
        "f:managedFields",
        "f:resourceVersion",
    )
)


def reset_fields(resource: Resource, subresource: str) -> Fields:
    """What a write to this endpoint does not change, whatever it says: the status of the object itself."""
    if subresource == "status":
        return _SPEC
    return NOTHING if resource.subresource("status") is None else _STATUS


def changes_between(old: Mapping[str, Any] | None, new: Mapping[str, Any], schema: Schema) -> Changes:
    """What a write does to an object of this kind; UnindexableError for lists whose items have no names."""
    return compare(NOTHING if old is None else old, new, schema, typed=not schema.is_custom)


def manageable(fields: Fields) -> Fields:
    """Those that somebody can manage, in order."""
    owned = {name: node for name, node in fields.items() if name not in ("f:apiVersion", "f:kind")}
    metadata = owned.pop("f:metadata", NOTHING)
    if kept := {name: node for name, node in metadata.items() if name not in _NOBODYS}:
        owned["f:metadata"] = kept
    return ordered(owned)
