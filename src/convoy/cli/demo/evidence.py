"""What the demo's table is made of: rows that say what was promised, whether it held, and what showed it.

A row that stands on another one is not tried when that one fails: it is `not reached`, so that a fault shows
in the row it belongs to and in no other.
"""

import enum
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

import msgspec

from convoy.cli.local.errors import LocalMeshError
from convoy.cluster.errors import WorldError, WorldGoneError
from convoy.config.errors import KubeError

M = TypeVar("M")


class Verdict(enum.StrEnum):
    """What came of one promise."""

    HELD = "held"
    FAILED = "failed"
    NOT_REACHED = "not reached"


class CheckFailedError(Exception):
    """A promise did not hold; the text says what was seen instead."""


class NotReachedError(Exception):
    """A promise could not be tried, for a reason that is another row's."""


class Row(msgspec.Struct, frozen=True):
    """One line of the table."""

    number: int
    name: str
    promise: str
    verdict: Verdict
    evidence: str


class Check(Generic[M]):
    """A promise, its number in the table, how to verify it on a mesh, and the checks it stands on (names).

    It is not tried unless all `needs` held, nor when one of `unless` failed.
    """

    def __init__(
        self,
        number: int,
        name: str,
        promise: str,
        verify: Callable[[M], Awaitable[str]],
        *,
        needs: tuple[str, ...] = (),
        unless: tuple[str, ...] = (),
    ) -> None:
        self.number = number
        self.name = name
        self.promise = promise
        self.verify = verify
        self.needs = needs
        self.unless = unless


async def run_check(check: Check[M], mesh: M, *, earlier: Mapping[str, Row]) -> Row:
    """Verify one promise, unless a fault that is known keeps it from holding; `earlier` has rows by name."""

    def row(verdict: Verdict, evidence: str) -> Row:
        return Row(check.number, check.name, check.promise, verdict, evidence)

    missing = [earlier[name] for name in check.needs if earlier[name].verdict is not Verdict.HELD]
    missing += [earlier[name] for name in check.unless if earlier[name].verdict is Verdict.FAILED]
    if missing:
        return row(Verdict.NOT_REACHED, f"stands on row {missing[0].number}")
    try:
        return row(Verdict.HELD, await check.verify(mesh))
    except WorldGoneError:
        raise
    except NotReachedError as reason:
        return row(Verdict.NOT_REACHED, str(reason))
    except (CheckFailedError, KubeError, LocalMeshError, WorldError, OSError) as failure:
        return row(Verdict.FAILED, str(failure))


def counts(counter: Counter[str]) -> str:
    """`reviews-v2 20x, reviews-v3 21x`."""
    return ", ".join(f"{name or 'nobody'} {count}x" for name, count in sorted(counter.items()))
