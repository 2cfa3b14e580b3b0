"""Which objects are read by their names because others lead to them: found anew when one of those changed."""

from collections.abc import Callable, Iterable

import msgspec

from convoy.api.base import ApiObject
from convoy.api.meta import ObjectKey
from convoy.config.contents import ContentsChange


class Needs(msgspec.Struct, frozen=True):
    """`may_lead` says of one object whether it has a part in this at all; `find` gets all that have."""

    may_lead: Callable[[ApiObject], bool]
    find: Callable[[Iterable[ApiObject]], frozenset[ObjectKey]]


NO_NEEDS = Needs(lambda _: False, lambda _: frozenset())


class NeededObjects:
    """What is needed because of the objects of a source, kept up to date with what changes there."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._leading: dict[ObjectKey, ApiObject] = {}
        self.keys: frozenset[ObjectKey] = frozenset()

    def update(self, change: ContentsChange) -> None:
        """This became of the source."""
        is_other = False
        for key, found in change.objects.items():
            is_other |= self._leading.pop(key, None) is not None
            if found is not None and self._needs.may_lead(found.obj):
                self._leading[key] = found.obj
                is_other = True
        if is_other:
            self.keys = self._needs.find(self._leading.values())
