"""Facts about when an application counts as listening."""

import asyncio
import contextlib

import pytest
from tests.unit.agent.test_settings import ENV

from convoy.agent.errors import SettingsError
from convoy.agent.listening import PATIENCE, AwaitedPorts, listening_ports
from convoy.agent.settings import parse_settings
from convoy.inject.listening import AWAITED_PORTS

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LISTENING = "   0: 00000000:2378 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
ON_V6 = (
    "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1\n"
)
CONNECTED = "   1: 0109A8C6:1F90 0209A8C6:D431 01 00000000:00000000 00:00000000 00000000     0        0 2 1\n"


class Kernel:
    """A clock and tables of sockets, as a test says."""

    def __init__(self, table=""):
        self.table = HEAD + table
        self.time = 0.0
        self.opens_at = None

    def monotonic(self):
        return self.time

    async def sleep(self, seconds):
        self.time += seconds
        if self.opens_at is not None and self.time >= self.opens_at:
            self.table = HEAD + LISTENING
        await asyncio.sleep(0)

    def read(self):
        return self.table


def awaited(kernel, *ports):
    return AwaitedPorts(ports, clock=kernel, read_tables=kernel.read)


async def ready():
    return ""


async def not_ready():
    return "Envoy is not live yet"


def test_only_sockets_that_listen_count():
    assert listening_ports(HEAD + LISTENING + HEAD + ON_V6) == {9080, 8080}
    assert listening_ports(HEAD + CONNECTED) == set()


def test_port_that_nobody_listens_on_is_closed():
    assert awaited(Kernel(LISTENING), 9080, 8080).closed() == [8080]


def test_port_that_stays_closed_is_forgiven():
    kernel = Kernel()
    ports = awaited(kernel, 9080)
    assert ports.closed() == [9080]
    kernel.time = PATIENCE - 1
    assert ports.closed() == [9080]
    kernel.time = PATIENCE
    assert ports.closed() == []


def test_port_that_closes_is_awaited_anew():
    kernel = Kernel()
    ports = awaited(kernel, 9080)
    ports.closed()
    kernel.table, kernel.time = HEAD + LISTENING, PATIENCE - 1
    assert ports.closed() == []
    kernel.table, kernel.time = HEAD, PATIENCE + 1
    assert ports.closed() == [9080]


async def test_answer_is_held_back_until_the_port_opens():
    kernel = Kernel()
    kernel.opens_at = 0.5
    assert await awaited(kernel, 9080).why_not(ready) == ""
    assert 0.5 <= kernel.time < 0.6


async def test_answer_is_given_before_the_probe_gives_up():
    kernel = Kernel()
    assert "9080" in await awaited(kernel, 9080).why_not(ready)
    assert kernel.time < 3


async def test_proxy_must_be_ready_too():
    assert await awaited(Kernel(LISTENING), 9080).why_not(not_ready) == "Envoy is not live yet"


async def test_tables_of_the_kernel_are_read():
    async with await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        ports = AwaitedPorts([port])
        assert ports.closed() == []
        server.close()
        with contextlib.suppress(OSError):
            await server.wait_closed()
    assert ports.closed() == [port]


def test_agent_understands_what_injection_tells():
    assert parse_settings(ENV | {AWAITED_PORTS: "8080,9080"}).awaited_ports == (8080, 9080)
    assert parse_settings(ENV).awaited_ports == ()


@pytest.mark.parametrize("text", ["web", "8080;9080", "70000"])
def test_ports_that_cannot_be_read_are_named(text):
    with pytest.raises(SettingsError, match=AWAITED_PORTS):
        parse_settings(ENV | {AWAITED_PORTS: text})
