"""A guarded API server, and leaders in it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from tests.kit.guarded_api import GuardedApi, guarded_api

from convoy.config.kube.leases import Leader, Terms

TERMS = Terms(duration=1, renew_within=0.8, every=0.1)


@pytest.fixture
async def guarded() -> AsyncIterator[GuardedApi]:
    async with guarded_api() as running:
        yield running


@contextlib.asynccontextmanager
async def running(guarded: GuardedApi, *writers, identity: str = "a") -> AsyncIterator[Leader]:
    """Writers, each made from a leader, while the block lasts."""
    leader = Leader(
        guarded.client, name="istio-leader", namespace="istio-system", identity=identity, terms=TERMS
    )
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(leader.run(), name="leader")]
        started += [tasks.create_task(make(leader).run(), name="writer") for make in writers]
        try:
            yield leader
        finally:
            for task in started:
                task.cancel()
