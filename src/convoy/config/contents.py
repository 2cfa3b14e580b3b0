"""What a source of objects holds at one moment, and how several sources become one.

A source hands over everything it has, each time; whoever receives it finds out what changed. Nothing is lost
when a hand-over is skipped for a newer one.
"""

from collections.abc import Mapping

import msgspec

from convoy.api.base import ApiObject
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem, sort_problems
from convoy.config.origins import Origin, Origins


class Located(msgspec.Struct, frozen=True):
    """An object and where it was written."""

    obj: ApiObject
    origin: Origin | None


class Contents(msgspec.Struct, frozen=True):
    """Objects by key with their origins, and the problems of what is not among them."""

    objects: Mapping[ObjectKey, Located] = {}
    problems: tuple[Problem, ...] = ()

    def origins(self) -> Origins:
        """The origins of all objects that have one."""
        return Origins({key: found.origin for key, found in self.objects.items() if found.origin is not None})


def merge_contents(sources: Mapping[str, Contents]) -> Contents:
    """One from several; of an object in two sources the first source, by name, counts."""
    if len(sources) == 1:
        return next(iter(sources.values()))
    objects: dict[ObjectKey, Located] = {}
    problems: list[Problem] = []
    for _, contents in sorted(sources.items()):
        problems += contents.problems
        for key, found in contents.objects.items():
            objects.setdefault(key, found)
    return Contents(objects, sort_problems(problems))
