"""Patches of all four kinds, and who manages which field. Pure: dicts in, new dicts out.

Results share nothing with what was given, so that the caller may change them.
"""

from convoy.cluster.patches.fields import Fields
from convoy.cluster.patches.json_patch import apply_json_patch
from convoy.cluster.patches.managed import (
    are_valid_managed_fields,
    keep_times,
    reset_fields,
    server_side_apply,
    update_managed_fields,
)
from convoy.cluster.patches.merge_patch import apply_merge_patch
from convoy.cluster.patches.strategic import apply_strategic_merge

__all__ = [
    "Fields",
    "apply_json_patch",
    "apply_merge_patch",
    "apply_strategic_merge",
    "are_valid_managed_fields",
    "keep_times",
    "reset_fields",
    "server_side_apply",
    "update_managed_fields",
]
