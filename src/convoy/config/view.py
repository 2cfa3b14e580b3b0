"""The objects of one cluster at one moment: frozen, numbered, in an order that every replica agrees on.

An object that no event touched is the same Python object in the next view, and so is the tuple of all
objects of a kind none of which changed; whoever derives something from a view can compare with `is`.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar, cast

import msgspec

from convoy.api.base import ApiObject
from convoy.api.kinds import BY_STRUCT, key_of
from convoy.api.meta import ObjectKey
from convoy.config.layers import Layers

T = TypeVar("T", bound=ApiObject)

# One change in so many objects of a kind: from there on sorting is cheaper than finding each place.
_FEW = 16


class Lookup(Protocol):
    """What can be asked for objects; a ConfigView is one."""

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """The object, or None."""
        ...

    def all(self, kind: type[T]) -> tuple[T, ...]:
        """Every object of a kind, oldest first."""
        ...


class Change(msgspec.Struct, frozen=True, eq=False):
    """What became of one object; None where there is none."""

    key: ObjectKey
    old: ApiObject | None
    new: ApiObject | None


class ConfigView(msgspec.Struct, frozen=True, eq=False):
    """Objects by kind. Made by `build_view` and `change_view`; `number` grows with every view of a store.

    `changes` lead from view number `base` to this one: all of them, one for each key, in the order of keys,
    and what is not among them is the same Python object. With `base` 0 nothing is said. Whoever knows
    another view than `base` must compare for himself.
    """

    number: int
    by_kind: Mapping[type[ApiObject], tuple[ApiObject, ...]]
    by_key: Mapping[ObjectKey, ApiObject]
    base: int = 0
    changes: tuple[Change, ...] = ()

    def all(self, kind: type[T]) -> tuple[T, ...]:
        """Every object of a kind, sorted by (creationTimestamp or "", name, namespace): oldest first."""
        return cast(tuple[T, ...], self.by_kind.get(kind, ()))

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """One object by its name; the namespace of a cluster-scoped kind does not count."""
        return cast(T | None, self.by_key.get(lookup_key(kind, namespace, name)))

    def find(self, key: ObjectKey) -> ApiObject | None:
        """One object by its key."""
        return self.by_key.get(key)

    def __iter__(self) -> Iterator[ApiObject]:
        """All objects, kind by kind in the order of the kinds' names."""
        for kind in sorted(self.by_kind, key=lambda struct: struct.KIND):
            yield from self.by_kind[kind]

    def __len__(self) -> int:
        return len(self.by_key)


def build_view(
    number: int, objects: Iterable[ApiObject], *, previous: ConfigView | None = None
) -> ConfigView:
    """A view of these objects (one for each key), sharing with `previous` the kinds that did not change.

    It says what changed since `previous`, where that is the numbered view of a store.
    """
    previous = previous or EMPTY_VIEW
    by_key: dict[ObjectKey, ApiObject | None] = {key_of(obj): obj for obj in objects}
    gone = [key for key in previous.by_key if key not in by_key]
    return _next_view(number, previous, _find_changes(previous, {**by_key, **dict.fromkeys(gone)}))


def change_view(view: ConfigView, objects: Mapping[ObjectKey, ApiObject | None]) -> ConfigView:
    """The next view, in which these objects are as given (None: gone); the same view when they are already.

    Costs what changed, and copying what is held of the kinds concerned.
    """
    changes = _find_changes(view, objects)
    return _next_view(view.number + 1, view, changes) if changes else view


def lookup_key(kind: type[ApiObject], namespace: str, name: str) -> ObjectKey:
    """The key that a name stands for; the namespace of a cluster-scoped kind does not count."""
    return ObjectKey(kind.KIND, namespace if BY_STRUCT[kind].namespaced else "", name)


EMPTY_VIEW = ConfigView(0, {}, Layers())


def _find_changes(view: ConfigView, objects: Mapping[ObjectKey, ApiObject | None]) -> list[Change]:
    changes = [Change(key, view.by_key.get(key), obj) for key, obj in objects.items()]
    return sorted((each for each in changes if each.old is not each.new), key=lambda each: each.key)


def _next_view(number: int, view: ConfigView, changes: list[Change]) -> ConfigView:
    by_kind = dict(view.by_kind)
    for kind, changed in _group_by_kind(changes).items():
        members = _change_members(view.by_kind.get(kind, ()), changed)
        if members:
            by_kind[kind] = members
        else:
            del by_kind[kind]
    by_key = view.by_key if isinstance(view.by_key, Layers) else Layers(view.by_key)
    return ConfigView(
        number=number,
        by_kind=by_kind,
        by_key=by_key.changed({each.key: each.new for each in changes}),
        base=view.number,
        changes=tuple(changes) if view.number else (),
    )


def _group_by_kind(changes: list[Change]) -> dict[type[ApiObject], list[Change]]:
    grouped: dict[type[ApiObject], list[Change]] = {}
    for change in changes:
        obj = change.old if change.new is None else change.new
        if obj is not None:
            grouped.setdefault(type(obj), []).append(change)
    return grouped


def _change_members(before: tuple[ApiObject, ...], changes: list[Change]) -> tuple[ApiObject, ...]:
    """The objects of a kind after these changes, sorted. Few changes find their places, many sort anew."""
    if len(changes) * _FEW > len(before):
        gone = {id(change.old) for change in changes}
        kept = [obj for obj in before if id(obj) not in gone]
        return tuple(sorted([*kept, *(each.new for each in changes if each.new is not None)], key=_age))
    members = list(before)
    for change in changes:
        if change.old is not None:
            del members[bisect_left(members, _age(change.old), key=_age)]
        if change.new is not None:
            insort(members, change.new, key=_age)
    return tuple(members)


def _age(obj: ApiObject) -> tuple[str, str, str]:
    """No two objects of a kind have the same one."""
    return (obj.metadata.creation_timestamp, obj.metadata.name, obj.metadata.namespace)
