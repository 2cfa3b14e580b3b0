"""Deadlines, and the delays between restarts."""

import asyncio
from itertools import islice

from convoy.cluster.kubelet.containers import duration_text
from convoy.cluster.kubelet.contexts import api_delays
from convoy.cluster.kubelet.deadlines import Deadline


async def test_a_deadline_brought_forward_comes_sooner() -> None:
    deadline = Deadline(600)
    waiting = asyncio.create_task(deadline.wait())
    await asyncio.sleep(0)
    deadline.bring_forward(0.01)
    await waiting
    assert deadline.remaining == 0


async def test_a_deadline_is_never_put_off() -> None:
    deadline = Deadline(0)
    deadline.bring_forward(600)
    await deadline.wait()


async def test_a_passed_deadline_may_leave_a_moment() -> None:
    waiting = asyncio.create_task(Deadline(0).wait(extra=0.02))
    await asyncio.sleep(0)
    assert not waiting.done()
    await waiting


def test_the_first_restart_is_at_once_and_later_ones_wait_ever_longer() -> None:
    assert list(islice(api_delays(), 8)) == [0, 10, 20, 40, 80, 160, 300, 300]


def test_a_delay_is_told_as_go_does() -> None:
    assert [duration_text(seconds) for seconds in (10, 80, 300)] == ["10s", "1m20s", "5m0s"]
