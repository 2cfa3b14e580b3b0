"""JSON patch (RFC 6902), as the API server understands it."""

from collections.abc import Mapping
from typing import Any


def apply_json_patch(obj: Mapping[str, Any], operations: Any) -> dict[str, Any]:
    """The patched object; StatusError 400 for a malformed patch, 422 for one that does not apply."""
    raise NotImplementedError
