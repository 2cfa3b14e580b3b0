"""The cluster that the tests of the registry write to."""

from collections.abc import AsyncIterator

import pytest
from tests.unit.cluster.registry.cluster import Cluster


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    made = Cluster()
    await made.create("namespaces", {"metadata": {"name": "default"}})
    await made.create("serviceaccounts", {"metadata": {"name": "default"}})
    yield made
    made.store.close()
