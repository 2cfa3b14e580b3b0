"""Facts about who leads, by Leases of a real API server; the candidates' clocks are faked."""

import asyncio
import contextlib

import pytest
from tests.kit.api_server import running_api
from tests.kit.clocks import FakeClock
from tests.kit.waiting import until
from tests.unit.config.kube.clients import client_of
from tests.unit.config.kube.relay import relayed

from convoy.config.kube.leases import Leader, Terms
from convoy.config.kube.resources import LEASES
from convoy.kit.clock import SYSTEM_CLOCK

QUICK = Terms(duration=1, renew_within=0.6, every=0.05)


@pytest.fixture
async def api():
    async with running_api() as api:
        yield api


def candidate(client, identity, *, clock=SYSTEM_CLOCK, terms=QUICK):
    return Leader(client, name="one", namespace="default", identity=identity, clock=clock, terms=terms)


@contextlib.asynccontextmanager
async def running(leader):
    task = asyncio.create_task(leader.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def lease(client):
    return await client.get(LEASES, "one", namespace="default")


async def test_first_candidate_leads_and_says_so_in_the_lease(api):
    async with client_of(api.url) as client:
        a = candidate(client, "a")
        async with running(a), asyncio.timeout(5):
            await a.wait_leader()
            spec = (await lease(client))["spec"]
            assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (
                "a",
                1,
                0,
            )
            assert spec["acquireTime"].endswith("Z")
            renewed = spec["renewTime"]
            await until(lambda: _is_renewed(client, renewed))
            assert (await lease(client))["spec"]["acquireTime"] == spec["acquireTime"]


async def _is_renewed(client, before):
    return (await lease(client))["spec"]["renewTime"] != before


async def test_one_of_many_leads(api):
    async with client_of(api.url) as client, contextlib.AsyncExitStack() as stack:
        candidates = [candidate(client, f"c{number}") for number in range(5)]
        for one in candidates:
            await stack.enter_async_context(running(one))
        await until(lambda: any(one.is_leader for one in candidates))
        for _ in range(20):
            await asyncio.sleep(0.02)
            assert sum(one.is_leader for one in candidates) == 1


async def test_leader_that_ends_hands_over_at_once(api):
    slow = Terms(duration=3600, renew_within=3000, every=0.02)
    async with client_of(api.url) as client:
        a, b = candidate(client, "a", terms=slow), candidate(client, "b", terms=slow)
        async with running(a) as task, asyncio.timeout(5):
            await a.wait_leader()
            async with running(b):
                await asyncio.sleep(0.1)
                assert not b.is_leader
                task.cancel()
                await b.wait_leader()
                await a.wait_follower()
                assert not a.is_leader
                assert (await lease(client))["spec"]["leaseTransitions"] == 1


async def test_lease_that_is_not_renewed_is_taken_over_after_its_duration(api):
    """By the clock of the one who takes over; what times the holder wrote does not matter."""
    clock = FakeClock()
    async with client_of(api.url) as client:
        held = {
            "metadata": {"name": "one", "namespace": "default"},
            "spec": {
                "holderIdentity": "gone",
                "leaseDurationSeconds": 15,
                "renewTime": "2000-01-01T00:00:00.000000Z",
                "leaseTransitions": 3,
            },
        }
        await client.create(LEASES, held)
        b = candidate(client, "b", clock=clock, terms=Terms(every=2.0))
        start = clock.monotonic()
        async with running(b), asyncio.timeout(5):
            await b.wait_leader()
        assert 15 <= clock.monotonic() - start < 15 + 2 * 2.5 + 3
        assert (await lease(client))["spec"]["leaseTransitions"] == 4


async def test_lease_that_is_renewed_is_never_taken_over(api):
    """However fast the clock of the one who waits."""
    async with client_of(api.url) as client:
        a = candidate(client, "a", terms=Terms(duration=3600, renew_within=3000, every=0.02))
        b = candidate(client, "b", clock=FakeClock(), terms=Terms(every=2))
        async with running(a), asyncio.timeout(5):
            await a.wait_leader()
            seen = {(await lease(client))["spec"]["holderIdentity"]}
            async with running(b):
                for _ in range(10):
                    await asyncio.sleep(0.02)
                    seen.add((await lease(client))["spec"]["holderIdentity"])
        assert seen == {"a"}


async def test_leader_that_cannot_renew_stops_leading_before_another_may_begin(api):
    async with relayed(api.url) as relay, client_of(relay.url) as far, client_of(api.url) as near:
        a, b = candidate(far, "a"), candidate(near, "b")
        async with running(a), asyncio.timeout(10):
            await a.wait_leader()
            async with running(b):
                await asyncio.sleep(0.1)
                await relay.close()
                assert a.is_leader
                while not b.is_leader:
                    both = a.is_leader and b.is_leader
                    assert not both
                    await asyncio.sleep(0.005)
                assert not a.is_leader
                await asyncio.wait_for(a.wait_follower(), 0.1)
                await relay.open()
                await asyncio.sleep(0.2)
                assert (a.is_leader, b.is_leader) == (False, True)


async def test_deleted_lease_is_made_again(api):
    async with client_of(api.url) as client:
        a = candidate(client, "a")
        async with running(a), asyncio.timeout(5):
            await a.wait_leader()
            await client.delete(LEASES, "one", namespace="default")
            await until(lambda: _is_there(api))
            assert a.is_leader


async def _is_there(api):
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/one"
    return (await api.request("GET", path)).status == 200
