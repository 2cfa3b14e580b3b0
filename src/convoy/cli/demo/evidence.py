"""What the demo's table is made of: rows that say what was promised, whether it held, and what showed it.

A row that stands on another one is not tried when that one fails: it is `not reached`, so that a fault shows
in the row it belongs to and in no other.
"""

import enum
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

from convoy.cluster.errors import WorldError, WorldGoneError

M = TypeVar("M")


class Verdict(enum.StrEnum):
    """What came of one promise."""

    HELD = "held"
    FAILED = "failed"
    NOT_REACHED = "not reached"


class CheckFailedError(Exception):
    """A promise did not hold; the text says what was seen instead."""


class Row(msgspec.Struct, frozen=True):
    """One line of the table."""

    number: int
    name: str
    promise: str
    verdict: Verdict
    evidence: str


class Check(Generic[M]):
    """A promise, how to verify it on a mesh, and the checks it stands on (by name)."""

    def __init__(
        self, name: str, promise: str, verify: Callable[[M], Awaitable[str]], *, needs: tuple[str, ...] = ()
    ) -> None:
        self.name = name
        self.promise = promise
        self.verify = verify
        self.needs = needs


async def run_check(number: int, check: Check[M], mesh: M, *, earlier: dict[str, Row]) -> Row:
    """Verify one promise, unless one it needs did not hold; `earlier` has the rows so far, by name."""
    for need in check.needs:
        if earlier[need].verdict is not Verdict.HELD:
            reason = f"stands on row {earlier[need].number}"
            return Row(number, check.name, check.promise, Verdict.NOT_REACHED, reason)
    try:
        evidence = await check.verify(mesh)
    except WorldGoneError:
        raise
    except (CheckFailedError, WorldError, OSError) as failure:
        return Row(number, check.name, check.promise, Verdict.FAILED, str(failure))
    return Row(number, check.name, check.promise, Verdict.HELD, evidence)
