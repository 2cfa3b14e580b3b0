"""The workload that joins the group, one for all tests of this folder."""

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.traffic.lab import Lab
from tests.traffic.workload_group.objects import member


@pytest_asyncio.fixture(scope="package", loop_scope="session", autouse=True)
async def joined(lab: Lab) -> AsyncIterator[None]:
    """The workload, running."""
    async with lab.applied(member()):
        yield
