"""Server-side apply: an object becomes what its managers say, each of the fields that are theirs.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from convoy.cluster.machinery.statuses import Cause, apply_conflict
from convoy.cluster.patches.checking import check_applied, not_typed
from convoy.cluster.patches.comparing import Changes
from convoy.cluster.patches.elements import UnindexableError
from convoy.cluster.patches.entries import APPLY, UPDATE, Entry, stored_entries, written_entries
from convoy.cluster.patches.fields import NOTHING, Fields, difference, intersection, paths, union, without
from convoy.cluster.patches.last_applied import KUBECTL, applied_before, refresh_annotation
from convoy.cluster.patches.merging import Pruning, merge
from convoy.cluster.patches.ownership import changes_between, manageable
from convoy.cluster.patches.owning import fields_of, fitted
from convoy.cluster.patches.refusals import is_same, private_copy
from convoy.cluster.schema.nodes import Schema
from convoy.kit.times import format_time

Object = dict[str, Any]

_BEFORE = "before-first-apply"


def server_side_apply(
    current: Mapping[str, Any] | None,
    applied: Mapping[str, Any],
    *,
    schema: Schema,
    manager: str,
    api_version: str,
    force: bool,
    now: datetime,
    asked_version: str = "",
    subresource: str = "",
    reset: Fields = NOTHING,
) -> Object:
    """The object after an apply, with its managedFields; not yet defaulted or validated.

    `asked_version` is the one that the client applied, if that is not `api_version`, that of the objects.
    `reset` is what this endpoint does not write (of `reset_fields`). StatusError 409 for conflicts, 400 for
    an object that cannot be applied.
    """
    check_applied(applied, schema, api_version)
    owned = fields_of(applied, schema)
    mine = Entry(manager, APPLY, asked_version or api_version, subresource, format_time(now), owned)
    try:
        return _Apply(current, applied, schema, mine, reset).result(force=force)
    except UnindexableError as error:
        raise not_typed(current or {}, str(error), role="live") from error


@dataclass(frozen=True)
class _Apply:
    """One apply; `mine` is what its manager owns if it succeeds, what nobody can own included."""

    current: Mapping[str, Any] | None
    applied: Mapping[str, Any]
    schema: Schema
    mine: Entry
    reset: Fields

    def result(self, *, force: bool) -> Object:
        """The object; StatusError 409."""
        pruning = Pruning()
        merged = self._merged(pruning)
        changes = changes_between(self.current, merged, self.schema).outside(self.reset)
        pruning.finish()
        if not force:
            self._check_conflicts(changes)
        lost = changes.all
        entries = [*(entry.less(lost) for entry in self._others), self._mine_after(merged)]
        merged["metadata"].pop("managedFields", None)
        if written := written_entries(entries):
            merged["metadata"]["managedFields"] = written
        if self.mine.manager == KUBECTL:
            refresh_annotation(merged, {**self.applied, "apiVersion": self.mine.api_version})
        return merged

    @functools.cached_property
    def _entries(self) -> list[Entry]:
        """Who owns what before; when nobody does, there is a manager of what was there."""
        if self.current is None:
            return []
        entries = stored_entries(self.current)
        if not entries:
            fields = manageable(changes_between(None, self.current, self.schema).gained)
            return [Entry(_BEFORE, UPDATE, self.mine.api_version, "", self.mine.time, fields)]
        if self.schema.is_custom:  # its schema may have changed since
            return [entry.owning(fitted(entry.fields, self.schema)) for entry in entries]
        return entries

    @property
    def _last(self) -> Entry | None:
        return next((entry for entry in self._entries if entry.identity == self.mine.identity), None)

    @property
    def _others(self) -> Iterator[Entry]:
        return (entry for entry in self._entries if entry.identity != self.mine.identity)

    def _merged(self, pruning: Pruning) -> Object:
        if self.current is None:
            return self._copy(self.applied)
        merged = self._copy(merge(self.current, self.applied, self.schema))
        if (last := self._last) is not None:
            others = (entry.fields for entry in self._others)
            owned = functools.reduce(union, others, self.mine.fields)
            pruning.prune(merged, last.fields, owned, self.schema)
        return merged

    def _copy(self, obj: Mapping[str, Any]) -> Object:
        copied: Object = private_copy(obj)
        return copied

    def _mine_after(self, merged: Object) -> Entry:
        """The time stays when the object does: whoever repeats himself does nothing."""
        time = self.mine.time
        if is_same(merged, self.current):
            time = self._last.time if self._last is not None else ""
        return self.mine.owning(manageable(without(self.mine.fields, self.reset)), time=time)

    def _check_conflicts(self, changes: Changes) -> None:
        conflicts = self._conflicts(changes.gained)
        if conflicts and self.mine.manager == KUBECTL and self.current is not None:
            excused = applied_before(self.current, self.schema, self.mine.api_version)
            conflicts = self._conflicts(difference(changes.gained, excused))
        if conflicts:
            raise apply_conflict(conflicts)

    def _conflicts(self, gained: Fields) -> Sequence[Cause]:
        others = sorted(self._others, key=lambda each: (each.manager, each.operation, each.api_version))
        return [
            Cause("FieldManagerConflict", f"conflict with {entry.describe()}", path)
            for entry in others
            for path in paths(intersection(entry.fields, gained))
        ]
