"""Events of a watch as the lines of its answer: one JSON object each.

A watch with selectors sees an object come and go by what it matches, not only by its life: a change that
makes it match is ADDED, one that ends that is DELETED, with its last state that did
(https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes).
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from convoy.cluster.apiserver.showing import Showing
from convoy.cluster.apiserver.tables import partial_metadata
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Event, EventType, Stored
from convoy.cluster.store.selectors import FieldSelector, LabelSelector, labels_of

_INITIAL_END = "k8s.io/initial-events-end"
_MOST_BATCHES = 64


class SharedBatches:
    """The lines of the last batches by resource: many watchers get the same ones, made once."""

    def __init__(self) -> None:
        # The batch is kept with its lines: its id stays its own as long as it lives.
        self._lines: OrderedDict[tuple[int, str, str], tuple[Sequence[Event], bytes]] = OrderedDict()

    def lines(self, batch: Sequence[Event], showing: Showing) -> bytes:
        """The lines of a batch that is shown whole, as JSON."""
        key = (id(batch), showing.resource.api_version, showing.resource.plural)
        found = self._lines.get(key)
        if found is None:
            made = b"".join([line(event.type, showing.one(event.stored)) for event in batch])
            found = self._lines[key] = (batch, made)
            if len(self._lines) > _MOST_BATCHES:
                self._lines.popitem(last=False)
        return found[1]


class Lines:
    """Makes the lines of one watch."""

    def __init__(
        self, showing: Showing, labels: LabelSelector, fields: FieldSelector, shared: SharedBatches
    ) -> None:
        self._showing = showing
        self._labels = labels
        self._fields = fields
        self._is_shared = labels.is_everything and fields.is_everything and showing.form.shape == "object"
        self._shared = shared
        self._has_columns = True

    def initial(self, items: Iterable[Stored]) -> bytes:
        """What there is at the beginning, as ADDED."""
        return b"".join([self._line("ADDED", stored) for stored in items if self._matches(stored)])

    def changes(self, batches: Sequence[Sequence[Event]]) -> bytes:
        """What changed; nothing when none of it is selected."""
        if self._is_shared:
            return b"".join([self._shared.lines(batch, self._showing) for batch in batches])
        seen = (self._seen(event) for batch in batches for event in batch)
        return b"".join([self._line(*each) for each in seen if each is not None])

    def bookmark(self, revision: int, *, ends_initial: bool = False) -> bytes:
        """A line that tells only how far the watch has come."""
        metadata: dict[str, Any] = {"resourceVersion": str(revision), "creationTimestamp": None}
        if ends_initial:
            metadata["annotations"] = {_INITIAL_END: "true"}
        resource = self._showing.resource
        obj: dict[str, Any] = {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": metadata,
        }
        version = self._showing.form.api_version
        if self._showing.form.shape == "metadata":
            obj = {**obj, "kind": "PartialObjectMetadata", "apiVersion": version}
        elif self._showing.form.shape == "table":
            part = {**obj, "kind": "PartialObjectMetadata", "apiVersion": version}
            row = {"cells": [], "object": part}
            obj = {
                "kind": "Table",
                "apiVersion": version,
                "metadata": {"resourceVersion": str(revision)},
                "columnDefinitions": None,
                "rows": [row],
            }
        return line("BOOKMARK", orjson.dumps(obj))

    def _seen(self, event: Event) -> tuple[EventType, Stored] | None:
        """The event as a watch with selectors sees it."""
        matched = event.previous is not None and self._matches(event.previous)
        if event.type != "DELETED" and self._matches(event.stored):
            return ("MODIFIED" if matched else "ADDED"), event.stored
        if not matched:
            return None
        if event.type == "DELETED":
            return "DELETED", event.stored
        assert event.previous is not None  # it matched
        return "DELETED", _at_revision(event.previous, event.stored.revision)

    def _matches(self, stored: Stored) -> bool:
        obj = stored.object
        return self._labels.matches(labels_of(obj)) and self._fields.matches(obj)

    def _line(self, kind: EventType, stored: Stored) -> bytes:
        if self._showing.form.shape == "metadata":
            part = partial_metadata(stored.object, api_version=self._showing.form.api_version)
            return line(kind, orjson.dumps(part))
        if self._showing.form.shape == "object":
            return line(kind, self._showing.one(stored))
        metadata = {"resourceVersion": str(stored.revision)}
        table = self._showing.table([stored.object], metadata, has_columns=self._has_columns)
        self._has_columns = False
        return line(kind, orjson.dumps(table))


def line(kind: str, body: bytes) -> bytes:
    """One event."""
    return b'{"type":"%b","object":%b}\n' % (kind.encode(), body)


def error_line(error: StatusError) -> bytes:
    """The event that ends a watch and says why."""
    return line("ERROR", orjson.dumps(error.status))


def _at_revision(stored: Stored, revision: int) -> Stored:
    metadata = {**stored.object["metadata"], "resourceVersion": str(revision)}
    obj = {**stored.object, "metadata": metadata}
    return Stored(stored.key, obj, revision, orjson.dumps(obj))
