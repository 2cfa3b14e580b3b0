"""The queue of keys that want attention."""

import asyncio

from tests.unit.cluster.controllers.harness import HandClock

from convoy.cluster.controllers.queues import WorkQueue


async def test_a_key_added_twice_is_handed_out_once():
    queue: WorkQueue[str] = WorkQueue(HandClock())
    queue.add("a")
    queue.add("b")
    queue.add("a")
    assert [await queue.take(), await queue.take()] == ["a", "b"]
    assert len(queue) == 0


async def test_a_key_added_while_it_is_worked_on_comes_again_when_that_is_done():
    queue: WorkQueue[str] = WorkQueue(HandClock())
    queue.add("a")
    key = await queue.take()
    queue.add("a")
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.done(key)
    assert await waiting == "a"


async def test_the_earliest_of_several_times_counts():
    clock = HandClock()
    queue: WorkQueue[str] = WorkQueue(clock)
    queue.add_after("a", 20)
    queue.add_after("a", 5)
    queue.add_after("a", 10)
    await asyncio.sleep(0)
    clock.move(5)
    await asyncio.sleep(0.001)
    assert len(queue) == 1
    await queue.close()


async def test_nobody_sleeps_for_hours():
    clock = HandClock()
    queue: WorkQueue[str] = WorkQueue(clock)
    queue.add_after("a", 7200)
    await asyncio.sleep(0)
    clock.move(60)
    await asyncio.sleep(0.001)
    assert len(queue) == 1
    await queue.close()


async def test_each_failure_in_a_row_waits_longer():
    clock = HandClock()
    queue: WorkQueue[str] = WorkQueue(clock)
    for _ in range(20):
        queue.retry("a")
        await asyncio.sleep(0)
        clock.move(60)
        await asyncio.sleep(0.001)
        queue.done(await queue.take())
    queue.retry("a")
    await asyncio.sleep(0)
    clock.move(20)  # of about 30
    await asyncio.sleep(0.001)
    assert len(queue) == 0
    queue.forget("a")
    queue.retry("a")
    await queue.close()


async def test_closing_leaves_no_timer():
    queue: WorkQueue[str] = WorkQueue(HandClock())
    queue.add_after("a", 5)
    await queue.close()
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
