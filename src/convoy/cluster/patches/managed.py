"""Who manages which field: server-side apply, and the traces of ordinary writes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.patches.fields import NOTHING, Fields
from convoy.cluster.schema.nodes import Schema

Object = dict[str, Any]


def server_side_apply(
    current: Mapping[str, Any] | None,
    applied: Mapping[str, Any],
    *,
    schema: Schema,
    manager: str,
    api_version: str,
    force: bool,
    now: datetime,
    subresource: str = "",
    reset: Fields = NOTHING,
) -> Object:
    """The object after an apply, with its managedFields; not yet defaulted or validated.

    `reset` (of `reset_fields`) is what this endpoint does not write. StatusError 409 for conflicts, 400 for
    an object that cannot be applied.
    """
    raise NotImplementedError


def update_managed_fields(
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any],
    *,
    schema: Schema,
    manager: str,
    api_version: str,
    now: datetime,
    subresource: str = "",
    reset: Fields = NOTHING,
) -> list[Object]:
    """`metadata.managedFields` after a create (`old` None) or an update that is no apply; may be []."""
    raise NotImplementedError


def reset_fields(resource: Resource, subresource: str) -> Fields:
    """What a write to this endpoint does not change, whatever it says: the status of the object itself."""
    raise NotImplementedError


def keep_times(old: Mapping[str, Any], new: Object) -> Object:
    """`new`, or `old` itself when they differ in nothing but times in managedFields: a write of nothing."""
    raise NotImplementedError


def are_valid_managed_fields(entries: Sequence[Any]) -> bool:
    """Whether they can be read; what a webhook returns is dropped otherwise."""
    raise NotImplementedError
