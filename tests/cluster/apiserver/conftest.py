"""A running API server for each test."""

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.kit.api_server import Api, running_api

from convoy.cluster.schema import Schemas

_SCHEMAS = Schemas()  # built-in definitions are compiled once


@pytest_asyncio.fixture
async def api() -> AsyncIterator[Api]:
    """A server whose log reaches eight changes back."""
    async with running_api(log_length=8, schemas=_SCHEMAS) as running:
        yield running
