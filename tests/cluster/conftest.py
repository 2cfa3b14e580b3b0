"""Worlds for the tests: one of each module's own, with two clusters whose address ranges overlap."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.cluster.images import IMAGES

from convoy.cluster.client import World, start_world
from convoy.cluster.types import ClusterInfo, ClusterSpec

EAST = ClusterSpec("east", "198.18.1.0/24", "198.18.101.0/24")
WEST = ClusterSpec("west", "198.18.1.0/24", "198.18.101.0/24")


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder for the module's world."""
    return tmp_path_factory.mktemp("world")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(state_dir: Path) -> AsyncIterator[World]:
    """A running world with the clusters east and west."""
    async with start_world(state_dir=state_dir, images=IMAGES) as started:
        await started.add_cluster(EAST)
        await started.add_cluster(WEST)
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def east(world: World) -> ClusterInfo:
    """What the world told of the cluster east."""
    return (await world.clusters())[0]
