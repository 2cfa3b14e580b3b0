"""Facts about states that are made again when a certificate in them expires."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from tests.kit.clocks import FakeClock

from convoy.controlplane.expiring import repeat_when_due

NEVER = None


async def values(*listed: str, ends: asyncio.Event | None = None) -> AsyncIterator[str]:
    for value in listed:
        yield value
    if ends:
        await ends.wait()


@pytest.mark.asyncio
async def test_values_come_as_they_are_when_nothing_is_due() -> None:
    found = [value async for value in repeat_when_due(values("a", "b"), lambda: NEVER, clock=FakeClock())]
    assert found == ["a", "b"]


@pytest.mark.asyncio
async def test_the_last_value_comes_again_when_it_is_due() -> None:
    clock, ends = FakeClock(), asyncio.Event()
    start = clock.now()
    moments = [start + timedelta(minutes=3), NEVER]

    def due() -> datetime | None:
        return moments[0]

    told = []
    async for value in repeat_when_due(values("a", ends=ends), due, clock=clock):
        told.append((value, clock.now() - start))
        if len(told) == 2:
            moments.reverse()
            ends.set()
    assert told == [("a", timedelta(0)), ("a", timedelta(minutes=3))]
    assert max(clock.slept) <= 30


@pytest.mark.asyncio
async def test_a_new_value_does_not_wait_for_the_old_one_to_be_due() -> None:
    class Standing(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.Event().wait()

    clock = Standing()
    due = clock.now() + timedelta(hours=1)
    found = [value async for value in repeat_when_due(values("a", "b"), lambda: due, clock=clock)]
    assert found == ["a", "b"]


@pytest.mark.asyncio
async def test_what_goes_wrong_with_the_values_is_told() -> None:
    async def broken() -> AsyncIterator[str]:
        yield "a"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        async for _ in repeat_when_due(broken(), lambda: NEVER, clock=FakeClock()):
            pass
