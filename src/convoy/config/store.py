"""The one place where the objects of a cluster come together: sources tell, the mesh reads numbered views.

Changes are held off a little, so that many at a time become one view; of what changed while a reader was busy
he gets the outcome. On the way from a source to a view only objects that a source spoke of are looked at.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet

import msgspec

from convoy.api.base import ApiObject
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem
from convoy.config.admission import Admission, Admit
from convoy.config.contents import Contents, ContentsChange, Located
from convoy.config.holdoff import HoldOff
from convoy.config.merging import MergedSources
from convoy.config.origins import Origins
from convoy.config.view import EMPTY_VIEW, ConfigView, build_view, change_view
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
        self._sources = MergedSources()
        self._changed = asyncio.Event()

    def put(self, source: str, contents: Contents) -> None:
        """All that a source has now. Putting the same again is no change."""
        self._note(self._sources.put(source, contents))

    def change(self, source: str, change: ContentsChange) -> None:
        """What became of a source since it was heard of last. Saying what is known is no change."""
        self._note(self._sources.change(source, change))

    def _note(self, kinds: AbstractSet[str] | None) -> None:
        if kinds is None:
            return
        endpoints_only = bool(kinds) and kinds <= _ENDPOINT_KINDS
        self._hold.note(self._clock.monotonic(), endpoints_only=endpoints_only)
        self._changed.set()

    async def held(self, *, admit: Admit | None = None) -> AsyncIterator[Held]:
        """The newest state whenever it differs from the last one, held off; from the first source on."""
        composer = Composer(admit)
        self._sources.start_over()
        while True:
            await self._changed.wait()
            while (delay := self._hold.delay(self._clock.monotonic())) > 0:
                await self._clock.sleep(delay)
            self._changed.clear()
            self._hold.release(self._clock.monotonic())
            yield composer.apply(self._sources.take())
            self._hold.finish(self._clock.monotonic())


class Composer:
    """Makes views, numbered from 1, each out of the one before, with which it shares what did not change.

    So the `base` of a view is always the view that was made before it.
    """

    def __init__(self, admit: Admit | None = None) -> None:
        self._admission = Admission(admit) if admit else None
        self._view = EMPTY_VIEW
        self._origins = Origins()
        self._problems: tuple[Problem, ...] = ()

    def compose(self, contents: Contents) -> Held:
        """The state that these contents amount to."""
        gone = [key for key in self._view.by_key if key not in contents.objects]
        return self.apply(ContentsChange({**contents.objects, **dict.fromkeys(gone)}, contents.problems))

    def apply(self, change: ContentsChange) -> Held:
        """The state after this change of the last one."""
        objects = self._known({key: found.obj if found else None for key, found in change.objects.items()})
        if self._admission is not None:
            objects = self._known(self._admission.apply(objects, self._view))
        view = change_view(self._view, objects)
        # Also the objects of an empty cluster are a view, with a number that is not that of no view.
        self._view = build_view(1, ()) if view is EMPTY_VIEW else view
        self._origins = self._moved(change.objects)
        if change.problems is not None:
            self._problems = change.problems
        return Held(self._view, self._problems, self._origins)

    def _known(self, objects: Mapping[ObjectKey, ApiObject | None]) -> dict[ObjectKey, ApiObject | None]:
        """The same with the objects of the last view for those that say the same."""
        known: dict[ObjectKey, ApiObject | None] = {}
        for key, obj in objects.items():
            before = self._view.find(key)
            known[key] = before if before is obj or before == obj else obj
        return known

    def _moved(self, objects: Mapping[ObjectKey, Located | None]) -> Origins:
        """The origins now; objects of a cluster that change have the same one."""
        origins = {key: found.origin if found else None for key, found in objects.items()}
        moved = {key: origin for key, origin in origins.items() if self._origins.get(key) != origin}
        return self._origins.changed(moved) if moved else self._origins
