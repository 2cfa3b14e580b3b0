"""From `kubectl apply` to `kubectl apply --server-side`: what the annotation of the former is good for.

Who applied an object on the client side may go on with server-side apply without conflicts about what the
annotation says he applied; the annotation is then kept up to date, for the way back
(https://kubernetes.io/docs/reference/using-api/server-side-apply/#migration-between-client-side-and-server-side-apply).
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from convoy.cluster.patches.comparing import compare
from convoy.cluster.patches.fields import NOTHING, Fields, difference
from convoy.cluster.patches.owning import fields_of
from convoy.cluster.schema.nodes import Schema

KUBECTL: Final = "kubectl"  # the manager for whom this is done
ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"


def applied_before(live: Mapping[str, Any], schema: Schema, api_version: str) -> Fields:
    """Fields that the annotation says were applied, and that are still as they were."""
    text = _annotation(live)
    try:
        last = orjson.loads(text) if text else None
        if not isinstance(last, dict) or last.get("apiVersion") != api_version:
            return NOTHING
        return difference(fields_of(last, schema), compare(last, live, schema, typed=False).all)
    except ValueError:  # neither JSON nor, as UnindexableError, an object of this kind
        return NOTHING


def refresh_annotation(obj: dict[str, Any], applied: Mapping[str, Any]) -> None:
    """Say, in place, that this was applied, where the annotation is kept at all."""
    if not _annotation(obj):
        return
    metadata = dict(applied["metadata"])
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):  # an empty one stays, as in kubectl's own
        metadata["annotations"] = {key: text for key, text in annotations.items() if key != ANNOTATION}
    text = orjson.dumps({**applied, "metadata": metadata}, option=orjson.OPT_SORT_KEYS).decode()
    for letter, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(letter, escaped)
    obj["metadata"]["annotations"][ANNOTATION] = f"{text}\n"


def _annotation(obj: Mapping[str, Any]) -> str:
    text = (obj["metadata"].get("annotations") or {}).get(ANNOTATION)
    return text if isinstance(text, str) else ""
