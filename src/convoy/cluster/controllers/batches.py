"""Doing one thing many times, in growing batches: when all fail alike, only few attempts are made."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from convoy.cluster.machinery.statuses import StatusError

T = TypeVar("T")


async def in_batches(
    items: Sequence[T], act: Callable[[T], Awaitable[Any]], *, first: int = 1
) -> tuple[int, StatusError | None]:
    """Run `act` for each item, twice as many at once after each batch that went well.

    Gives how many went well and, when some did not, one of their errors; later batches are not begun then.
    """
    done, size, rest = 0, first, list(items)
    while rest:
        batch, rest = rest[:size], rest[size:]
        results = await asyncio.gather(*(act(item) for item in batch), return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        done += len(results) - len(errors)
        for error in errors:
            if not isinstance(error, StatusError):
                raise error
        if errors:
            assert isinstance(errors[0], StatusError)
            return done, errors[0]
        size *= 2
    return done, None
