"""A task that belongs to a block ends with it, and its failure ends the block."""

import asyncio

import pytest

from convoy.kit.tasks import cancelled_at_end


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
