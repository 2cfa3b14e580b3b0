"""helloworld says which version it is."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

import helloworld


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_version_and_instance_are_told(version):
    async with TestClient(TestServer(helloworld.build(version, "pod-1"))) as client:
        assert await (await client.get("/hello")).text() == f"Hello version: {version}, instance: pod-1\n"
        assert (await client.get("/health")).ok
