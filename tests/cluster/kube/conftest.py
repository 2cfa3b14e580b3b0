"""A world of each module's own with two whole clusters: `one` with two nodes, and `two`."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.cluster.images import IMAGES
from tests.cluster.kube.client import KubeApi, api_of, start

from convoy.cluster.client import World, start_world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(state_dir: Path) -> AsyncIterator[World]:
    """A running world with both clusters, whose log tells of no fault of ours after all that was done."""
    async with start_world(state_dir=state_dir, images=IMAGES) as started:
        await asyncio.gather(start(started, "one", nodes=2), start(started, "two"))
        yield started
    told = await asyncio.to_thread((state_dir / "world.log").read_text)
    assert "Traceback" not in told, told
    assert "[debug" not in told, told


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one(world: World) -> AsyncIterator[KubeApi]:
    """The API of `one`."""
    infos = {info.name: info for info in await world.kube_clusters()}
    async with api_of(infos["one"]) as api:
        yield api


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def two(world: World) -> AsyncIterator[KubeApi]:
    """The API of `two`."""
    infos = {info.name: info for info in await world.kube_clusters()}
    async with api_of(infos["two"]) as api:
        yield api
