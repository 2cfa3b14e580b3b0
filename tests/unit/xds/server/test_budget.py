"""Large writes take turns, and nobody is kept waiting by who does not read."""

import asyncio

from tests.kit.waiting import until

from convoy.xds.server.budget import Budget


def no_matter():
    raise AssertionError("nobody has to give up")


def budget_of(*, patience):
    return Budget(at_most=10, overdue_at_most=1000, patience=patience)


class Writers:
    """Writes that start and end when the test says so."""

    def __init__(self, budget):
        self.budget = budget
        self.begun = []
        self._ends = {}
        self._tasks = {}

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def start(self, name, size, give_up=no_matter):
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._write(name, size, give_up))
        await asyncio.sleep(0)

    async def end(self, *names):
        for name in names:
            self._ends[name].set()
            await self._tasks.pop(name)
        await asyncio.sleep(0)

    async def cancel(self, name):
        task = self._tasks.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)

    async def _write(self, name, size, give_up):
        hold = await self.budget.take(size, give_up)
        self.begun.append(name)
        try:
            await self._ends[name].wait()
        finally:
            hold.release()


async def test_what_does_not_fit_waits_for_its_turn():
    async with Writers(budget_of(patience=60)) as writers:
        for name, size in (("a", 6), ("b", 4), ("c", 8), ("d", 1)):
            await writers.start(name, size)
        assert writers.begun == ["a", "b"]
        await writers.end("b")
        assert writers.begun == ["a", "b"], "d does not overtake c"
        await writers.end("a")
        assert writers.begun == ["a", "b", "c", "d"]


async def test_what_is_larger_than_all_of_it_goes_alone():
    async with Writers(budget_of(patience=60)) as writers:
        for name in ("a", "b"):
            await writers.start(name, 50)
        assert writers.begun == ["a"]
        await writers.end("a")
        assert writers.begun == ["a", "b"]


async def test_who_is_cancelled_gives_its_turn_away():
    async with Writers(budget_of(patience=60)) as writers:
        for name in ("a", "b", "c", "d"):
            await writers.start(name, 10)
        await writers.cancel("b")
        await writers.cancel("a")
        assert writers.begun == ["a", "c"]
        await writers.end("c")
        assert writers.begun == ["a", "c", "d"]


async def test_slow_write_does_not_keep_others_waiting():
    async with Writers(budget_of(patience=0.01)) as writers:
        await writers.start("slow", 10)
        await writers.start("other", 10)
        assert writers.begun == ["slow"]
        await until(lambda: "other" in writers.begun)
        await writers.end("slow", "other")
        await writers.start("next", 10)
        await writers.start("last", 10)
        assert writers.begun == ["slow", "other", "next"], "what was overdue is not counted twice"


async def test_longest_overdue_gives_up_when_slow_writes_hold_too_much():
    gave_up = []
    async with Writers(Budget(at_most=10, overdue_at_most=25, patience=0.01)) as writers:
        for name in ("a", "b", "c"):
            await writers.start(name, 10, lambda name=name: gave_up.append(name))
        await until(lambda: gave_up)
        assert gave_up == ["a"]


async def test_cancelled_turns_leave_nothing_held():
    budget = budget_of(patience=60)
    async with Writers(budget) as writers:
        for name in ("a", "b", "c"):
            await writers.start(name, 10)
        await writers.end("a")
        for name in ("c", "b"):
            await writers.cancel(name)
        async with asyncio.timeout(5):
            (await budget.take(10, no_matter)).release()


async def test_second_release_does_nothing():
    budget = budget_of(patience=60)
    first, second = await budget.take(5, no_matter), await budget.take(5, no_matter)
    first.release()
    first.release()
    async with Writers(budget) as writers:
        for name in ("a", "b"):
            await writers.start(name, 5)
        assert writers.begun == ["a"]
        second.release()
