"""A kubelet for each module of tests."""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.cluster.kubelet.laboratory import Laboratory, laboratory


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Laboratory]:
    """A running kubelet."""
    if os.geteuid() != 0:
        pytest.skip("a kubelet needs a world; test_ordinary_user.py makes one of an ordinary user's")
    async with laboratory(tmp_path_factory.mktemp("cluster")) as made:
        yield made
