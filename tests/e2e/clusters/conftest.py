"""Clusters with the mesh and Bookinfo, one pair for all modules that leave them as they were."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.e2e.clusters import bookinfo
from tests.e2e.clusters.mesh import Meshes, remote_gateway, running_clusters


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def meshes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Meshes]:
    """cluster1 and cluster2 with Bookinfo on both."""
    async with running_clusters(tmp_path_factory.mktemp("home"), "cluster1", "cluster2") as meshes:
        one, two = meshes["cluster1"], meshes["cluster2"]
        label = {"metadata": {"name": "default", "labels": {"istio-injection": "enabled"}}}
        for cluster in (one, two):
            await cluster.apply({"apiVersion": "v1", "kind": "Namespace", **label})
        await two.apply(*bookinfo.second_cluster())
        await one.apply(*bookinfo.first_cluster(await remote_gateway(two)))
        for cluster, deployments in (
            (one, ("productpage-v1", "details-v1", "reviews-v1")),
            (two, ("ratings-v1", "reviews-v2", "reviews-v3")),
        ):
            for deployment in deployments:
                await cluster.wait_available(deployment)
        yield meshes
