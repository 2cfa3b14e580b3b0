"""Strategic merge patch."""

from collections.abc import Mapping
from typing import Any

from convoy.cluster.schema.nodes import Schema


def apply_strategic_merge(obj: Mapping[str, Any], patch: Any, schema: Schema) -> dict[str, Any]:
    """The patched object; StatusError 400 for a malformed patch, 422 for one that does not fit."""
    raise NotImplementedError
