"""A cluster's objects as one set, whatever order their events come in; the API's objects in, changes out.

The counterpart of `config.folder`, with its rules: bad input is refused, and what was accepted before stays,
unless it is another object of the same name. Equal objects stay the same Python objects, so a write that
changes nothing the mesh reads changes nothing here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from convoy.api.base import ApiObject
from convoy.api.kinds import Kind
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem, sort_problems
from convoy.config.contents import Contents, ContentsChange, Located
from convoy.config.kube.listings import Json, WatchEvent
from convoy.config.kube.objects import ReadKubeObject, read_object
from convoy.config.origins import Origin


class ObjectState(msgspec.Struct, frozen=True, gc=False):
    """What the cluster says of an object beside what the mesh reads; `is_refused`: its newest version is not
    in force. `in_force` is the very object that is handed over, perhaps of an older version.
    """

    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    status: Mapping[str, Any] = {}
    is_refused: bool = False
    in_force: ApiObject | None = None


class _Entry(msgspec.Struct, frozen=True, gc=False):
    """An object's newest state; `located` is what is in force of it, perhaps an older version of it."""

    state: ObjectState
    located: Located | None
    problems: tuple[Problem, ...]


_NOTHING = _Entry(ObjectState(), None, ())


class Holding:
    """Objects by kind; `contents` says what they amount to, `take_change` what became of that."""

    def __init__(self, *, cluster: str) -> None:
        self._cluster = cluster
        self._origin = Origin("", {}, cluster=cluster)
        self._kinds: dict[str, dict[ObjectKey, _Entry]] = {}
        self._problems: dict[ObjectKey, tuple[Problem, ...]] = {}
        """Of those objects that have any."""
        self._touched: dict[ObjectKey, Located | None] = {}
        self._has_other_problems = False

    def replace(self, kind: Kind, items: Iterable[Json]) -> bool:
        """These are all objects of a kind; whether that changes the contents."""
        before = self._kinds.get(kind.name, {})
        after = {}
        for item in items:
            key = _key_of(item, kind)
            after[key] = self._entry(kind, item, before.get(key))
        self._kinds[kind.name] = after
        noted = [self._note(key, before.get(key), after.get(key)) for key in {**before, **after}]
        return any(noted)

    def change(self, kind: Kind, event: WatchEvent) -> bool:
        """Something happened to an object of a kind; whether that changes the contents."""
        entries = self._kinds.setdefault(kind.name, {})
        key = _key_of(event.object, kind)
        before = entries.get(key)
        if event.type == "DELETED":
            entries.pop(key, None)
        else:
            entries[key] = self._entry(kind, event.object, before)
        return self._note(key, before, entries.get(key))

    def contents(self) -> Contents:
        """All objects that are in force, and the problems of all."""
        objects = {
            key: entry.located
            for entries in self._kinds.values()
            for key, entry in entries.items()
            if entry.located is not None
        }
        return Contents(objects, self._sorted_problems())

    def take_change(self) -> ContentsChange:
        """What became of the contents since the last call."""
        problems = self._sorted_problems() if self._has_other_problems else None
        touched, self._touched, self._has_other_problems = self._touched, {}, False
        return ContentsChange(touched, problems)

    def state_of(self, key: ObjectKey) -> ObjectState | None:
        """The newest state of an object; None when there is none of that name."""
        entry = self._kinds.get(key.kind, {}).get(key)
        if entry is None:
            return None
        in_force = entry.located.obj if entry.located is not None else None
        return msgspec.structs.replace(entry.state, in_force=in_force)

    def _note(self, key: ObjectKey, before: _Entry | None, after: _Entry | None) -> bool:
        """Keep what is to be told of an object; whether there is anything."""
        old, new = before or _NOTHING, after or _NOTHING
        is_other, has_other_problems = old.located is not new.located, old.problems != new.problems
        if is_other:
            self._touched[key] = new.located
        if has_other_problems:
            self._has_other_problems = True
            self._problems.pop(key, None)
            if new.problems:
                self._problems[key] = new.problems
        return is_other or has_other_problems

    def _sorted_problems(self) -> tuple[Problem, ...]:
        return sort_problems(problem for problems in self._problems.values() for problem in problems)

    def _entry(self, kind: Kind, item: Json, before: _Entry | None) -> _Entry:
        version = str(item["metadata"].get("resourceVersion", ""))
        if before is not None and version and before.state.resource_version == version:
            return before
        read = read_object(item, kind, cluster=self._cluster)
        state = _state_of(item, kind, read)
        return _Entry(state, self._in_force(read, state, before), read.problems)

    def _in_force(self, read: ReadKubeObject, state: ObjectState, before: _Entry | None) -> Located | None:
        last = before.located if before is not None else None
        if read.obj is None:
            return last if before is not None and before.state.uid == state.uid else None
        return last if last is not None and last.obj == read.obj else Located(read.obj, self._origin)


def _key_of(item: Json, kind: Kind) -> ObjectKey:
    metadata = item["metadata"]
    return ObjectKey(kind.name, metadata.get("namespace", "") if kind.namespaced else "", metadata["name"])


def _state_of(item: Json, kind: Kind, read: ReadKubeObject) -> ObjectState:
    metadata = item["metadata"]
    return ObjectState(
        uid=str(metadata.get("uid", "")),
        resource_version=str(metadata.get("resourceVersion", "")),
        generation=int(metadata.get("generation", 0)),
        # Only where it is ours to write; of others the object has what is read of it.
        status=item.get("status") or {} if kind.group else {},
        is_refused=read.obj is None,
    )
