"""The one place where the objects of a cluster come together: sources put, the mesh reads numbered views.

Changes are held off a little, so that many at a time become one view; a reader that is busy skips views.
"""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from convoy.api.base import ApiObject
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem
from convoy.config.admission import Admission, Admit
from convoy.config.contents import Contents, merge_contents
from convoy.config.holdoff import HoldOff
from convoy.config.origins import Origins
from convoy.config.view import EMPTY_VIEW, ConfigView, build_view
from convoy.kit.clock import SYSTEM_CLOCK, Clock

# Changes of these kinds alone change endpoints and hardly anything else.
_ENDPOINT_KINDS = frozenset(("Pod", "WorkloadEntry"))


class Held(msgspec.Struct, frozen=True):
    """A view with what goes with it. When only problems or lines changed, `view` is the previous object."""

    view: ConfigView
    problems: tuple[Problem, ...]
    origins: Origins


class Store:
    """Holds the newest contents of each source. For one reader, in one event loop."""

    def __init__(self, *, clock: Clock = SYSTEM_CLOCK, hold: HoldOff | None = None) -> None:
        self._clock = clock
        self._hold = hold or HoldOff()
        self._sources: dict[str, Contents] = {}
        self._changed = asyncio.Event()

    def put(self, source: str, contents: Contents) -> None:
        """All that a source has now. Putting the same again is no change."""
        before = self._sources.get(source)
        self._sources[source] = contents
        if before is None:
            changed = frozenset(key.kind for key in contents.objects)
        elif before == contents:
            return
        else:
            changed = _changed_kinds(before, contents)
        endpoints_only = bool(changed) and changed <= _ENDPOINT_KINDS
        self._hold.note(self._clock.monotonic(), endpoints_only=endpoints_only)
        self._changed.set()

    async def held(self, *, admit: Admit | None = None) -> AsyncIterator[Held]:
        """The newest state whenever it differs from the last one given, held off; from the first `put` on."""
        composer = Composer(admit)
        while True:
            await self._changed.wait()
            while (delay := self._hold.delay(self._clock.monotonic())) > 0:
                await self._clock.sleep(delay)
            self._changed.clear()
            self._hold.release(self._clock.monotonic())
            yield composer.compose(merge_contents(self._sources))


class Composer:
    """Makes views from contents, numbered from 1, each sharing with the one before what did not change."""

    def __init__(self, admit: Admit | None = None) -> None:
        self._admission = Admission(admit) if admit else None
        self._view = EMPTY_VIEW

    def compose(self, contents: Contents) -> Held:
        """The state that these contents amount to."""
        objects: dict[ObjectKey, ApiObject] = {key: found.obj for key, found in contents.objects.items()}
        if self._admission is not None:
            objects = self._admission.apply(objects, build_view(0, objects.values()))
        if self._view is EMPTY_VIEW or not _same_objects(self._view, objects):
            self._view = build_view(self._view.number + 1, objects.values(), previous=self._view)
        return Held(self._view, contents.problems, contents.origins())


def _same_objects(view: ConfigView, objects: dict[ObjectKey, ApiObject]) -> bool:
    return len(view) == len(objects) and all(view.find(key) is obj for key, obj in objects.items())


def _changed_kinds(before: Contents, after: Contents) -> frozenset[str]:
    return frozenset(
        key.kind
        for key in before.objects.keys() | after.objects.keys()
        if key not in before.objects
        or key not in after.objects
        or before.objects[key].obj is not after.objects[key].obj
    )
