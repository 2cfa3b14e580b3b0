"""Patches of all four kinds, and who manages which field. Pure: dicts in, new dicts out.

Results share nothing with what was given, so that the caller may change them; only managedFields may share
parts with those of other objects and are to be replaced, never changed.
"""

from convoy.cluster.patches.applying import server_side_apply
from convoy.cluster.patches.entries import are_valid_managed_fields, keep_times
from convoy.cluster.patches.fields import Fields
from convoy.cluster.patches.json_patch import apply_json_patch
from convoy.cluster.patches.merge_patch import apply_merge_patch
from convoy.cluster.patches.ownership import reset_fields
from convoy.cluster.patches.strategic import apply_strategic_merge
from convoy.cluster.patches.updating import update_managed_fields

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
