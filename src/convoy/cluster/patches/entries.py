"""`metadata.managedFields`: reading, writing, order, and how many there may be."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from convoy.cluster.patches.fields import Fields, difference, ordered, parse_fields, union
from convoy.cluster.patches.refusals import is_same
from convoy.kit.times import format_time

APPLY: Final = "Apply"
UPDATE: Final = "Update"
_MOST_UPDATES: Final = 10
_OLD_UPDATES: Final = "ancient-changes"


@dataclass(frozen=True, slots=True)
class Entry:
    """What one manager owns; `time` is empty or as RFC 3339 writes it, in UTC."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str
    fields: Fields

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Two of these are one manager; applies are one in whatever version."""
        version = "" if self.operation == APPLY else self.api_version
        return self.operation, self.manager, version, self.subresource

    def describe(self) -> str:
        """As conflicts name a manager."""
        text = f'"{self.manager}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return f"{text} using {self.api_version}" if self.operation == UPDATE else text

    def less(self, fields: Fields) -> "Entry":
        """The same without some fields."""
        return self.owning(difference(self.fields, fields))

    def owning(self, fields: Fields, *, time: str | None = None) -> "Entry":
        """The same manager with other fields, perhaps at another time."""
        return dataclasses.replace(self, fields=fields, time=self.time if time is None else time)


def stored_entries(obj: Mapping[str, Any]) -> list[Entry]:
    """The entries of an object that was stored, hence written here; none if that is not so."""
    try:
        return [_stored_entry(raw) for raw in obj["metadata"].get("managedFields") or ()]
    except (AttributeError, KeyError, TypeError):
        return []


def _stored_entry(raw: Mapping[str, Any]) -> Entry:
    return Entry(
        manager=raw.get("manager", ""),
        operation=raw["operation"],
        api_version=raw["apiVersion"],
        subresource=raw.get("subresource", ""),
        time=raw.get("time", ""),
        fields=raw["fieldsV1"],
    )


def parse_entries(raw: Any) -> list[Entry]:
    """Entries from outside; ValueError when one cannot be read. Of two for one manager the later counts."""
    if not isinstance(raw, list):
        raise ValueError("managedFields is not a list")
    entries = {entry.identity: entry for entry in map(_parse_entry, raw)}
    return list(entries.values())


def _parse_entry(raw: Any) -> Entry:
    if not isinstance(raw, dict):
        raise ValueError("an entry is not an object")
    texts = {name: raw.get(name) or "" for name in ("manager", "operation", "apiVersion", "subresource")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("a name is not a string")
    if texts["operation"] not in (APPLY, UPDATE):
        raise ValueError("operation must be `Apply` or `Update`")
    if not texts["apiVersion"]:
        raise ValueError("apiVersion must not be empty")
    if raw.get("fieldsType") != "FieldsV1":
        raise ValueError("fieldsType must be `FieldsV1`")
    return Entry(
        manager=texts["manager"],
        operation=texts["operation"],
        api_version=texts["apiVersion"],
        subresource=texts["subresource"],
        time=_parse_time(raw.get("time")),
        fields=parse_fields(raw.get("fieldsV1") or {}),
    )


def _parse_time(raw: Any) -> str:
    if not raw:
        return ""
    if not isinstance(raw, str):
        raise ValueError("time is not a string")
    return format_time(datetime.fromisoformat(raw))


def written_entries(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """As they stand in an object: applies first, each kind by time; those that own nothing are left out."""
    kept = [entry for entry in entries if entry.fields]
    kept.sort(key=lambda each: (each.operation, each.time, each.manager, each.api_version, each.subresource))
    return [_written(entry) for entry in kept]


def _written(entry: Entry) -> dict[str, Any]:
    written: dict[str, Any] = {
        "manager": entry.manager,
        "operation": entry.operation,
        "apiVersion": entry.api_version,
    }
    if entry.time:
        written["time"] = entry.time
    written |= {"fieldsType": "FieldsV1", "fieldsV1": entry.fields}
    if entry.subresource:
        written["subresource"] = entry.subresource
    return written


def capped(entries: Sequence[Entry]) -> list[Entry]:
    """At most ten that are not of applies: the oldest of a version become one, of which nobody is manager."""
    updates = [entry for entry in entries if entry.operation == UPDATE]
    excess = len(updates) - _MOST_UPDATES
    if excess <= 0:
        return list(entries)
    kept = {entry.identity: entry for entry in entries}
    oldest: dict[str, Entry] = {}
    for entry in sorted(updates, key=lambda each: (each.manager != _OLD_UPDATES, each.time, each.manager)):
        before = oldest.setdefault(entry.api_version, entry)
        if before is entry:
            continue
        del kept[before.identity], kept[entry.identity]
        merged = Entry(
            manager=_OLD_UPDATES,
            operation=UPDATE,
            api_version=entry.api_version,
            subresource="",
            time=entry.time,
            fields=ordered(union(before.fields, entry.fields)),
        )
        kept[merged.identity] = oldest[entry.api_version] = merged
        excess -= 1
        if excess == 0:
            break
    return list(kept.values())


def are_valid_managed_fields(entries: Any) -> bool:
    """Whether they can be read; what a webhook returns is dropped otherwise."""
    try:
        parse_entries(entries)
    except ValueError:
        return False
    return True


def keep_times(old: Mapping[str, Any], new: dict[str, Any]) -> Mapping[str, Any]:
    """`new`, or `old` itself when they differ in nothing but times in managedFields: a write of nothing."""
    return old if is_same(_without_times(old), _without_times(new)) else new


def _without_times(obj: Mapping[str, Any]) -> dict[str, Any]:
    metadata = obj["metadata"]
    entries = [{**entry, "time": ""} for entry in metadata.get("managedFields") or ()]
    return {**obj, "metadata": {**metadata, "managedFields": entries}}
