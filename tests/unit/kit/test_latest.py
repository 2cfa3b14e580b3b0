"""Facts about the cell between the stages of the pipeline."""

import asyncio

import pytest

from convoy.kit.latest import LatestValue


async def test_a_waiter_is_woken_by_the_next_value():
    cell: LatestValue[str] = LatestValue()
    waiting = asyncio.create_task(cell.wait_newer(0))
    await asyncio.sleep(0)
    assert not waiting.done()
    cell.set("first")
    assert await waiting == (1, "first")


async def test_every_waiter_is_woken():
    cell: LatestValue[str] = LatestValue()
    waiting = [asyncio.create_task(cell.wait_newer(0)) for _ in range(3)]
    await asyncio.sleep(0)
    cell.set("first")
    assert await asyncio.gather(*waiting) == [(1, "first")] * 3


async def test_a_value_that_is_newer_already_is_given_at_once():
    cell: LatestValue[str] = LatestValue()
    cell.set("first")
    cell.set("second")
    assert await cell.wait_newer(1) == (2, "second")


async def test_a_slow_reader_skips_values():
    cell: LatestValue[int] = LatestValue()
    watching = cell.watch()
    cell.set(1)
    assert await anext(watching) == 1
    cell.set(2)
    cell.set(3)
    assert await anext(watching) == 3
    await watching.aclose()


async def test_a_reader_is_not_given_one_value_twice():
    cell: LatestValue[int] = LatestValue()
    cell.set(1)
    watching = cell.watch()
    await anext(watching)
    following = asyncio.create_task(anext(watching))
    await asyncio.sleep(0)
    assert not following.done()
    cell.set(2)
    assert await following == 2
    await watching.aclose()


async def test_a_waiter_that_gave_up_disturbs_nobody():
    cell: LatestValue[str] = LatestValue()
    gone, staying = (asyncio.create_task(cell.wait_newer(0)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    cell.set("first")
    assert await staying == (1, "first")


def test_an_empty_cell_says_so():
    cell: LatestValue[str] = LatestValue()
    with pytest.raises(LookupError):
        cell.get_nowait()
    cell.set("first")
    assert (cell.number, cell.get_nowait()) == (1, "first")


def test_an_empty_text_is_a_value():
    cell: LatestValue[str] = LatestValue()
    cell.set("")
    assert cell.get_nowait() == ""
