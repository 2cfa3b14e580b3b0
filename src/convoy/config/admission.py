"""Applies a change that is made to every pod as it enters the mesh, as Kubernetes' admission webhooks would.

The hook comes from above (injection); this room only knows that it may look at other objects. What it looked
at is remembered, so a pod is admitted again only when it or one of those objects changed, and else stays the
same Python object.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from convoy.api.base import ApiObject
from convoy.api.kube.core import Pod
from convoy.api.meta import ObjectKey
from convoy.config.view import Lookup

T = TypeVar("T", bound=ApiObject)

Admit = Callable[[Pod, Lookup], Pod]


class _Seen(msgspec.Struct, frozen=True):
    """A past answer of the hook, and what it was made from."""

    pod: Pod
    looked_up: tuple[tuple[type[ApiObject], str, str, ApiObject | None], ...]
    listed: tuple[tuple[type[ApiObject], tuple[ApiObject, ...]], ...]
    admitted: Pod


class _Recorder:
    """Passes questions on and remembers the answers."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.answers: list[tuple[type[ApiObject], str, str, ApiObject | None]] = []
        self.lists: list[tuple[type[ApiObject], tuple[ApiObject, ...]]] = []

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        found = self._lookup.get(kind, namespace, name)
        self.answers.append((kind, namespace, name, found))
        return found

    def all(self, kind: type[T]) -> tuple[T, ...]:
        found = self._lookup.all(kind)
        self.lists.append((kind, found))
        return found


class Admission:
    """Admits pods, each once for every state of what it depends on."""

    def __init__(self, admit: Admit) -> None:
        self._admit = admit
        self._seen: dict[ObjectKey, _Seen] = {}

    def apply(self, objects: Mapping[ObjectKey, ApiObject], lookup: Lookup) -> dict[ObjectKey, ApiObject]:
        """The same objects with every pod admitted."""
        seen: dict[ObjectKey, _Seen] = {}
        admitted = dict(objects)
        for key, obj in objects.items():
            if isinstance(obj, Pod):
                seen[key] = self._one(key, obj, lookup)
                admitted[key] = seen[key].admitted
        self._seen = seen
        return admitted

    def _one(self, key: ObjectKey, pod: Pod, lookup: Lookup) -> _Seen:
        before = self._seen.get(key)
        if before is not None and before.pod is pod and _is_current(before, lookup):
            return before
        recorder = _Recorder(lookup)
        admitted = self._admit(pod, recorder)
        if before is not None and before.admitted == admitted:
            admitted = before.admitted
        return _Seen(pod, tuple(recorder.answers), tuple(recorder.lists), admitted)


def _is_current(seen: _Seen, lookup: Lookup) -> bool:
    return all(
        lookup.get(kind, namespace, name) is found for kind, namespace, name, found in seen.looked_up
    ) and all(_are_same(lookup.all(kind), found) for kind, found in seen.listed)


def _are_same(now: tuple[ApiObject, ...], before: tuple[ApiObject, ...]) -> bool:
    return len(now) == len(before) and all(one is other for one, other in zip(now, before, strict=True))
