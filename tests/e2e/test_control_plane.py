"""The control plane may go and come back: proxies keep what they have, and nothing is sent twice."""

import asyncio
import signal
import time

from tests.e2e.observing import ObservedMesh
from tests.e2e.playground import MARKS

from convoy.cli.pod_traffic import Request, SteadyLoad

pytestmark = MARKS


async def test_killed_under_load_it_costs_no_request_and_re_sends_nothing(mesh: ObservedMesh) -> None:
    connected = await mesh.connected_proxies("cluster1")
    counters = await mesh.envoy_counters("productpage-v1")
    dial = mesh.dial_from("productpage-v1", "reviews:9080")
    async with SteadyLoad(dial, Request("reviews:9080", "/reviews/0"), rate=200) as load:
        await asyncio.sleep(1)
        await mesh.signal_control_plane("cluster1", signal.SIGKILL)
        await _wait_connected(mesh, connected)
        await asyncio.sleep(1)
    assert load.failures() == []
    assert load.reconnects == 0
    statistics = await mesh.control_plane_statistics("cluster1")
    assert statistics["ads"]["resources_sent"] == 0
    assert statistics["ads"]["removals_sent"] == 0
    after = await mesh.envoy_counters("productpage-v1")
    for name in ("cluster_manager.cluster_modified", "listener_manager.listener_modified"):
        assert after[name] == counters[name], name


async def _wait_connected(mesh: ObservedMesh, proxies: set[str]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if await mesh.connected_proxies("cluster1") == proxies:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the proxies did not come back to the restarted control plane")
