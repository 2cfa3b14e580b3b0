"""The server's part of `metadata`: what a new object is given and what an update may not touch.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#metadata
"""

import secrets
import uuid
from datetime import datetime
from typing import Any

from convoy.cluster.machinery.statuses import Cause, field_invalid
from convoy.kit.times import format_time

Metadata = dict[str, Any]

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # no vowels, so that no words come out
_SUFFIX_LENGTH = 5
_LONGEST_GENERATED = 63 - _SUFFIX_LENGTH
_SERVERS = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "resourceVersion",
    "selfLink",
)
_LEFT_OUT_EMPTY = ("generateName", "labels", "annotations", "ownerReferences", "finalizers", "managedFields")
_IMMUTABLE = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def random_suffix() -> str:
    """Five characters, as at the end of a pod's name."""
    return "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(_SUFFIX_LENGTH))


def generated_name(prefix: str) -> str:
    """A name for `generateName`."""
    return prefix[:_LONGEST_GENERATED] + random_suffix()


def new_metadata(
    sent: Metadata, *, namespace: str, name: str, has_generation: bool, now: datetime
) -> Metadata:
    """What a new object starts with: the client's part of `sent`, the server's own values otherwise."""
    metadata = without_empty({key: value for key, value in sent.items() if key not in _SERVERS})
    metadata["name"] = name
    if namespace:
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = format_time(now)
    if has_generation:
        metadata["generation"] = 1
    return metadata


def updated_metadata(sent: Metadata, old: Metadata) -> Metadata:
    """`sent` with the server's part where the client left it out; what it altered stays to be refused."""
    metadata = without_empty({key: value for key, value in sent.items() if key != "selfLink"})
    metadata["name"] = old["name"]
    for key in ("namespace", "generation", "resourceVersion"):
        metadata.pop(key, None)
        if key in old:
            metadata[key] = old[key]
    for key in _IMMUTABLE:
        if metadata.get(key) is None:
            metadata.pop(key, None)
            if key in old:
                metadata[key] = old[key]
    return metadata


def without_empty(metadata: Metadata) -> Metadata:
    """The metadata without the lists and maps that Go leaves out when nothing is in them."""
    return {key: value for key, value in metadata.items() if value or key not in _LEFT_OUT_EMPTY}


def changed_immutables(new: Metadata, old: Metadata) -> list[Cause]:
    """What an update may not change."""
    return [
        field_invalid(f"metadata.{key}", _quoted(new[key]), "field is immutable")
        for key in _IMMUTABLE
        if key in new and new[key] != old.get(key)
    ]


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
