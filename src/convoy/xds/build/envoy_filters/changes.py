"""Patches made ready: decoded, their values parsed, and what they do to a list of messages."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Generic, TypeVar

import msgspec
from google.protobuf.message import Message

from convoy.api.istio.envoy_filter import ApplyTo, ConfigPatch, ObjectMatch, Operation, Patch, PatchContext
from convoy.mesh.model import EnvoyPatch
from convoy.xds.build.envoy_filters.merging import merge
from convoy.xds.build.envoy_filters.values import BadValueError, parse_value

M = TypeVar("M", bound=Message)

_ANYWHERE = ObjectMatch()
_MERGES = (Operation.MERGE, Operation.MERGE_AND_REPLACE_LIST)
_INSERTS = (Operation.INSERT_BEFORE, Operation.INSERT_AFTER)


class Change(msgspec.Struct, frozen=True, eq=False):
    """One patch: what it applies to and where."""

    apply_to: ApplyTo
    match: ObjectMatch
    patch: Patch

    @property
    def operation(self) -> Operation:
        """What is done."""
        return self.patch.operation

    def value(self, kind: type[M]) -> M | None:
        """The message to add or to merge; None when there is none that can be used."""
        try:
            return parse_value(self.patch.value, kind) if self.patch.value is not None else None
        except BadValueError:
            return None  # told by `checks`

    def merge_into(self, message: Message) -> None:
        """Merge the value into a message, as the operation says."""
        if (value := self.value(type(message))) is not None:
            replaces = self.operation is Operation.MERGE_AND_REPLACE_LIST
            merge(message, value, replaces_lists=replaces)

    @property
    def merges(self) -> bool:
        """Whether it changes what is there."""
        return self.operation in _MERGES


def contexts_of(*, is_gateway: bool) -> tuple[PatchContext, ...]:
    """The contexts of a proxy's configuration; what is neither inbound nor outbound is in both."""
    if is_gateway:
        return (PatchContext.GATEWAY,)
    return (PatchContext.SIDECAR_OUTBOUND, PatchContext.SIDECAR_INBOUND)


def changes_in(patches: Iterable[EnvoyPatch], context: PatchContext) -> tuple[Change, ...]:
    """The patches for a context, in their order."""
    return tuple(
        change for change in map(_decode, patches) if change.match.context in (context, PatchContext.ANY)
    )


@lru_cache(maxsize=4096)
def _decode(patch: EnvoyPatch) -> Change:
    written = msgspec.json.decode(patch.text, type=ConfigPatch)
    return Change(written.apply_to, written.match or _ANYWHERE, written.patch or Patch())


def of_kind(changes: Iterable[Change], *kinds: ApplyTo) -> tuple[Change, ...]:
    """Those that apply to some kinds of objects."""
    return tuple(change for change in changes if change.apply_to in kinds)


class Items(Generic[M]):
    """A list of messages that changes are made to.

    `matches` tells whether a change means an item, `names_one` whether it names any item at all. `place_for`
    says where an added item goes; at the end, if not given.
    """

    def __init__(
        self,
        items: Iterable[M],
        kind: type[M],
        *,
        matches: Callable[[Change, M], bool],
        names_one: Callable[[Change], bool] = lambda _: True,
        place_for: Callable[[Change, Sequence[M]], int] = lambda _, items: len(items),
    ) -> None:
        self._items = list(items)
        self._kind = kind
        self._matches, self._names_one, self._place_for = matches, names_one, place_for

    def __iter__(self) -> Iterator[M]:
        return iter(self._items)

    def make(self, change: Change) -> None:
        """Make one change, if it fits."""
        if change.operation is Operation.REMOVE:
            self._items = [item for item in self._items if not self._matches(change, item)]
        elif change.merges:
            self._merge(change)
        elif (value := change.value(self._kind)) is not None:
            self._put(change, value)

    def _merge(self, change: Change) -> None:
        for number, item in enumerate(self._items):
            if self._matches(change, item):
                changed = self._kind()
                changed.CopyFrom(item)
                change.merge_into(changed)
                self._items[number] = changed

    def _put(self, change: Change, value: M) -> None:
        found = next((i for i, item in enumerate(self._items) if self._matches(change, item)), None)
        if change.operation is Operation.ADD:
            self._items.insert(self._place_for(change, self._items), value)
        elif change.operation is Operation.INSERT_FIRST or (
            change.operation is Operation.INSERT_BEFORE and not self._names_one(change)
        ):
            self._items.insert(0, value)
        elif change.operation is Operation.INSERT_AFTER and not self._names_one(change):
            self._items.append(value)
        elif change.operation in _INSERTS and found is not None:
            self._items.insert(found + (change.operation is Operation.INSERT_AFTER), value)
        elif change.operation is Operation.REPLACE and found is not None:
            self._items[found] = value
