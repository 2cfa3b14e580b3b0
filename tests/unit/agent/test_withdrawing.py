"""Facts about a pod that leaves service: who hears of it, and how long its applications wait."""

import asyncio
import subprocess

import pytest
from tests.kit.waiting import until

from convoy.agent import withdrawing
from convoy.agent.http import Reply
from convoy.agent.withdrawing import Withdrawal, count_arrivals
from convoy.api.kube.core import Container
from convoy.inject.hooks import DRAIN_PIPE, hook_proxy

STATISTICS = """\
http.inbound_9080.downstream_cx_active: 3
http.inbound_9080.downstream_rq_active: {under_way}
http.inbound_9080.downstream_rq_total: {arrived}
listener.0.0.0.0_15006.downstream_cx_active: 3
listener.0.0.0.0_15006.downstream_cx_total: 5
"""


class Envoy:
    """An admin interface that tells of `arrivals`, one after the other; the last for ever."""

    def __init__(self, *arrivals, under_way=0):
        self.arrivals = list(arrivals)
        self.under_way = under_way
        self.asked = []

    async def answer(self, target, *, method="GET"):
        self.asked.append((method, target))
        if method == "POST":
            return Reply(200, b"OK")
        arrived = self.arrivals.pop(0) if len(self.arrivals) > 1 else self.arrivals[0]
        return Reply(200, STATISTICS.format(arrived=arrived, under_way=self.under_way).encode())


@pytest.fixture
def envoy(monkeypatch):
    def make(*arrivals, **fields):
        made = Envoy(*arrivals, **fields)
        monkeypatch.setattr(withdrawing, "ask_admin", made.answer)
        return made

    return make


@pytest.fixture(autouse=True)
def short_times(monkeypatch):
    monkeypatch.setattr(withdrawing, "_LOOK_AGAIN_SECONDS", 0.001)
    monkeypatch.setattr(withdrawing, "_QUIET_SECONDS", 0.02)
    monkeypatch.setattr(withdrawing, "_LONGEST_SECONDS", 0.3)
    monkeypatch.setattr(withdrawing, "_UNTOLD_SECONDS", 0.05)


async def told(pipe):
    """A withdrawal that the sidecar's own hook has told of the end."""
    withdrawal = Withdrawal(pipe)
    running = asyncio.create_task(withdrawal.run())
    await until(pipe.is_fifo)
    command = hook_proxy(Container(name="istio-proxy")).lifecycle["preStop"]["exec"]["command"]
    own = [each.replace(DRAIN_PIPE, str(pipe)) for each in command]
    await asyncio.to_thread(subprocess.run, own, check=True, timeout=10)
    await running
    return withdrawal


def test_arrivals_are_requests_and_connections():
    assert count_arrivals(STATISTICS.format(arrived=7, under_way=2)) == (12, 2)
    assert count_arrivals("") == (0, 0)


async def test_envoy_is_asked_to_let_callers_go_once_the_hook_has_run(envoy, tmp_path):
    admin = envoy(0)
    await told(tmp_path / "drain")
    assert admin.asked == [("POST", "/drain_listeners?inboundonly&graceful&skip_exit")]


async def test_application_waits_until_nothing_arrives(envoy, tmp_path):
    admin = envoy(*range(20))
    withdrawal = await told(tmp_path / "drain")
    await withdrawal.wait_let_go()
    assert admin.arrivals == [19]


async def test_application_waits_for_requests_under_way_but_not_for_ever(envoy, tmp_path, capsys):
    envoy(0, under_way=1)
    withdrawal = await told(tmp_path / "drain")
    await withdrawal.wait_let_go()
    assert "callers stay" in capsys.readouterr().err


async def test_dead_envoy_is_not_waited_for(tmp_path, monkeypatch):
    async def nothing(*_arguments, **_fields):
        return None

    monkeypatch.setattr(withdrawing, "ask_admin", nothing)
    withdrawal = await told(tmp_path / "drain")
    await withdrawal.wait_let_go()


async def test_whoever_else_asks_gets_no_drain(envoy, tmp_path):
    admin = envoy(0)
    await Withdrawal(tmp_path / "drain").wait_let_go()
    assert admin.asked == []


async def test_pipe_of_an_agent_before_is_replaced(envoy, tmp_path):
    (tmp_path / "drain").write_text("left over")
    envoy(0)
    await told(tmp_path / "drain")
