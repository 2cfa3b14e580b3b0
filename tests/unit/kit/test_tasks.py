"""A task that belongs to a block ends with it, and its failure ends the block; other work ends by itself."""

import asyncio

import pytest

from convoy.kit.tasks import cancelled_at_end, to_the_end


async def test_the_work_ends_with_the_block() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with cancelled_at_end(work(), name="work"):
        await asyncio.sleep(0)
        assert not ended.is_set()
    assert ended.is_set()


async def test_a_failure_of_the_work_ends_the_block() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ExceptionGroup) as caught:
        async with cancelled_at_end(work(), name="work"):
            await asyncio.Event().wait()
    assert caught.group_contains(ValueError, match="broken")


async def test_the_block_that_fails_cancels_the_work() -> None:
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def block() -> None:
        async with cancelled_at_end(work(), name="work"):
            await asyncio.sleep(0)
            raise KeyError("k")

    with pytest.raises(ExceptionGroup):
        await block()
    assert cancelled.is_set()


async def test_work_to_the_end_gives_what_it_gives() -> None:
    async def work() -> int:
        return 7

    assert await to_the_end(work()) == 7


async def test_work_to_the_end_raises_what_it_raises() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await to_the_end(work())


@pytest.mark.parametrize("fails", [False, True])
async def test_work_to_the_end_outlives_every_cancellation_of_who_waits(fails: bool) -> None:
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await may_end.wait()
        ended.set()
        if fails:
            raise ValueError("broken")

    waiting = asyncio.create_task(to_the_end(work()))
    await begun.wait()
    for _ in range(3):
        waiting.cancel()
        await asyncio.sleep(0)
    assert not waiting.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()
