"""What a source of objects holds at one moment, and what became of that since.

A source hands over what changed; one that cannot tell hands over everything, and the store finds out.
"""

from collections.abc import Mapping

import msgspec

from convoy.api.base import ApiObject
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem
from convoy.config.origins import Origin


class Located(msgspec.Struct, frozen=True, gc=False):
    """An object and where it was written."""

    obj: ApiObject
    origin: Origin | None


class Contents(msgspec.Struct, frozen=True):
    """Objects by key with their origins, and the problems of what is not among them."""

    objects: Mapping[ObjectKey, Located] = {}
    problems: tuple[Problem, ...] = ()


class ContentsChange(msgspec.Struct, frozen=True):
    """The objects that are other ones now (None: gone), and all problems; None: they are those of before."""

    objects: Mapping[ObjectKey, Located | None] = {}
    problems: tuple[Problem, ...] | None = None


def combine_changes(first: ContentsChange, second: ContentsChange) -> ContentsChange:
    """One change that does what both do, one after the other."""
    problems = first.problems if second.problems is None else second.problems
    return ContentsChange({**first.objects, **second.objects}, problems)
