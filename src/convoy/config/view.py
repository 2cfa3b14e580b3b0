"""The objects of one cluster at one moment: frozen, numbered, in an order that every replica agrees on.

An object that no event touched is the same Python object in the next view, and so is the tuple of all
objects of a kind none of which changed; whoever derives something from a view can compare with `is`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar, cast

import msgspec

from convoy.api.base import ApiObject
from convoy.api.kinds import BY_STRUCT, key_of
from convoy.api.meta import ObjectKey

T = TypeVar("T", bound=ApiObject)


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
    """Objects by kind. Made by `build_view`; `number` grows with every view of a store.

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
        if not BY_STRUCT[kind].namespaced:
            namespace = ""
        return cast(T | None, self.by_key.get(ObjectKey(kind.KIND, namespace, name)))

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
    by_key = {key_of(obj): obj for obj in objects}
    lists: dict[type[ApiObject], list[ApiObject]] = {}
    for obj in by_key.values():
        lists.setdefault(type(obj), []).append(obj)
    by_kind = {kind: _shared(previous, kind, members) for kind, members in lists.items()}
    base = previous.number if previous else 0
    changes = _changes(previous.by_key, by_key) if previous and base else ()
    return ConfigView(number, by_kind, by_key, base, changes)


EMPTY_VIEW = ConfigView(0, {}, {})


def _changes(
    before: Mapping[ObjectKey, ApiObject], after: Mapping[ObjectKey, ApiObject]
) -> tuple[Change, ...]:
    changed = [Change(key, before.get(key), new) for key, new in after.items() if before.get(key) is not new]
    gone = [Change(key, old, None) for key, old in before.items() if key not in after]
    return tuple(sorted(changed + gone, key=lambda change: change.key))


def _shared(
    previous: ConfigView | None, kind: type[ApiObject], members: list[ApiObject]
) -> tuple[ApiObject, ...]:
    members.sort(key=_age)
    before = previous.by_kind.get(kind, ()) if previous else ()
    if len(before) == len(members) and all(old is new for old, new in zip(before, members, strict=True)):
        return before
    return tuple(members)


def _age(obj: ApiObject) -> tuple[str, str, str]:
    return (obj.metadata.creation_timestamp, obj.metadata.name, obj.metadata.namespace)
