"""Where objects were written: file and line by object and field path, or the cluster that has them.

Kept beside the objects and never in them: a comment added to a file changes lines, but no object and so
nothing that proxies receive.
"""

from collections.abc import Iterator, Mapping

import msgspec

from convoy.api.meta import ObjectKey
from convoy.api.paths import nearest_line
from convoy.api.problems import Problem


class Origin(msgspec.Struct, frozen=True):
    """The place of one object. `lines` has a line (from 1) for each field path, "" for the object itself.

    An object that was read from a cluster's API has no file: its place is `cluster`.
    """

    file: str
    lines: Mapping[str, int]
    cluster: str = ""

    def line(self, field: str = "") -> int:
        """The line of a field, or of the nearest field around it that was written."""
        return nearest_line(self.lines, field)


class Origins(Mapping[ObjectKey, Origin]):
    """The origins of the objects of one view; immutable."""

    __slots__ = ("_by_key",)

    def __init__(self, by_key: Mapping[ObjectKey, Origin] | None = None) -> None:
        self._by_key = dict(by_key or {})

    def __getitem__(self, key: ObjectKey) -> Origin:
        return self._by_key[key]

    def __iter__(self) -> Iterator[ObjectKey]:
        return iter(self._by_key)

    def __len__(self) -> int:
        return len(self._by_key)

    def locate(self, problem: Problem) -> Problem:
        """The problem with the place of its object and field, where that is known and not yet said."""
        origin = self._by_key.get(problem.key) if problem.key else None
        if origin is None or problem.file:
            return problem
        return msgspec.structs.replace(
            problem,
            file=origin.file,
            line=origin.line(problem.field),
            cluster=origin.cluster or problem.cluster,
        )
