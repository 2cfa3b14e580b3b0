"""Reading the common parts of Kubernetes objects, which are plain JSON here. Pure."""

from collections.abc import Mapping
from typing import Any

import orjson

from convoy.cluster.store import Key

Json = dict[str, Any]


def copy_of(obj: Json) -> Json:
    """A private copy that may be changed."""
    copied: Json = orjson.loads(orjson.dumps(obj))
    return copied


def metadata_of(obj: Json) -> Json:
    """Its metadata; never None."""
    return obj.get("metadata") or {}


def spec_of(obj: Json) -> Json:
    """Its spec; never None."""
    return obj.get("spec") or {}


def status_of(obj: Json) -> Json:
    """Its status; never None."""
    return obj.get("status") or {}


def name_of(obj: Json) -> str:
    """Its name."""
    return str(metadata_of(obj).get("name") or "")


def namespace_of(obj: Json) -> str:
    """Its namespace; "" for what has none."""
    return str(metadata_of(obj).get("namespace") or "")


def uid_of(obj: Json) -> str:
    """Its uid."""
    return str(metadata_of(obj).get("uid") or "")


def key_of(obj: Json) -> Key:
    """What names it among its kind."""
    return Key(namespace_of(obj), name_of(obj))


def labels_of(obj: Json) -> Mapping[str, str]:
    """Its labels; never None."""
    return metadata_of(obj).get("labels") or {}


def annotations_of(obj: Json) -> Mapping[str, str]:
    """Its annotations; never None."""
    return metadata_of(obj).get("annotations") or {}


def finalizers_of(obj: Json) -> list[str]:
    """Its finalizers; never None."""
    return list(metadata_of(obj).get("finalizers") or ())


def generation_of(obj: Json) -> int:
    """How often its spec changed."""
    return int(metadata_of(obj).get("generation") or 0)


def is_deleting(obj: Json) -> bool:
    """Whether it is on its way out."""
    return bool(metadata_of(obj).get("deletionTimestamp"))


def created_at(obj: Json) -> str:
    """Its creationTimestamp, which sorts as text; "" when it has none."""
    return str(metadata_of(obj).get("creationTimestamp") or "")


def without_empty(fields: Json) -> Json:
    """The fields that say something: None, "", [] and {} are left out; 0 and False stay."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
