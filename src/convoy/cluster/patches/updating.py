"""The traces of ordinary writes: every field belongs to who wrote it last."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from convoy.cluster.patches.comparing import Changes
from convoy.cluster.patches.elements import UnindexableError
from convoy.cluster.patches.entries import (
    UPDATE,
    Entry,
    capped,
    parse_entries,
    stored_entries,
    written_entries,
)
from convoy.cluster.patches.fields import NOTHING, Fields, ordered, union
from convoy.cluster.patches.ownership import changes_between, manageable
from convoy.cluster.schema.nodes import Schema
from convoy.kit.times import format_time


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
) -> list[dict[str, Any]]:
    """`metadata.managedFields` after a create (`old` None) or an update that is no apply; may be [].

    What `new` itself says there is believed if it can be read; [] there, or one empty entry, ends the
    tracking. Not so for subresources. `reset` is what this endpoint does not write (of `reset_fields`).
    """
    entries = [] if old is None else _entries_before(old, new, is_whole=not subresource)
    if old is not None and not entries:
        return []
    try:
        changes = changes_between(old, new, schema).outside(reset)
    except UnindexableError:
        return [] if old is None else list(old["metadata"].get("managedFields") or ())
    mine = Entry(
        manager=manager or "unknown",
        operation=UPDATE,
        api_version=api_version,
        subresource=subresource,
        time=format_time(now),
        fields=manageable(changes.gained),
    )
    return written_entries(capped(_after(entries, mine, changes)))


def _entries_before(old: Mapping[str, Any], new: Mapping[str, Any], *, is_whole: bool) -> list[Entry]:
    given = new["metadata"].get("managedFields")
    if not is_whole or given is None or given == old["metadata"].get("managedFields"):
        return stored_entries(old)
    if given in ([], [{}]):
        return []
    try:
        return parse_entries(given)
    except ValueError:
        return stored_entries(old)


def _after(entries: Iterable[Entry], mine: Entry, changes: Changes) -> list[Entry]:
    lost = changes.all
    after = {entry.identity: entry.less(lost) for entry in entries}
    if mine.fields:
        previous = after.get(mine.identity)
        owned = mine.fields if previous is None else ordered(union(previous.fields, mine.fields))
        after[mine.identity] = dataclasses.replace(mine, fields=owned)
    return list(after.values())
