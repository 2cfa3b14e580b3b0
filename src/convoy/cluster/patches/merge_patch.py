"""JSON merge patch (RFC 7386)."""

from collections.abc import Mapping
from typing import Any


def apply_merge_patch(obj: Mapping[str, Any], patch: Any) -> dict[str, Any]:
    """The patched object; StatusError 400 when the patch is no object."""
    raise NotImplementedError
