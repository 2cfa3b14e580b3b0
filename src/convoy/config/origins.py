"""Where objects were written: file and line by object and field path, or the cluster that has them.

Kept beside the objects and never in them: a comment added to a file changes lines, but no object and so
nothing that proxies receive.
"""

from collections.abc import Mapping

import msgspec

from convoy.api.paths import nearest_line
from convoy.api.problems import Problem
from convoy.config.layers import Layers


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


class Origins(Layers[Origin]):
    """The origins of the objects of one view; immutable, as lines are those of one moment."""

    __slots__ = ()

    def locate(self, problem: Problem) -> Problem:
        """The problem with the place of its object and field, where that is known and not yet said."""
        origin = self.get(problem.key) if problem.key else None
        if origin is None or problem.file:
            return problem
        return msgspec.structs.replace(
            problem,
            file=origin.file,
            line=origin.line(problem.field),
            cluster=origin.cluster or problem.cluster,
        )
