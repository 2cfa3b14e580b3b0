"""Deployments that restart and scale while they are called: nobody who calls is let down.

The applications say nothing of probes, ends or strategies, and one replica is all there is of each: what
Kubernetes leaves open is for the mesh to close.
"""

import pytest
from tests.e2e.clusters.loading import jasons_reviews, load_from_pod, load_through_gateway
from tests.e2e.clusters.mesh import Meshes

from convoy.cli.install.gateways import GATEWAY
from convoy.cli.install.settings import CONTROL_PLANE, SYSTEM_NAMESPACE

pytestmark = [
    pytest.mark.world,
    pytest.mark.envoy,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
]

_REVIEWS = "/api/v1/products/0/reviews"


async def test_remote_version_restarts_and_scales_without_a_lost_request(meshes: Meshes) -> None:
    one, two = meshes["cluster1"], meshes["cluster2"]
    async with load_from_pod(one, await one.pod_of("productpage"), jasons_reviews()) as load:
        await two.restart("reviews-v2")
        await two.scale("reviews-v2", 3)
        await two.restart("reviews-v2")
        await two.scale("reviews-v2", 1)
        await two.wait_none_ends()
    assert len(load.check()["pods"]) > 2


async def test_caller_restarts_without_a_lost_request(meshes: Meshes) -> None:
    one = meshes["cluster1"]
    async with load_through_gateway(meshes, "cluster1", _REVIEWS, rate=200) as load:
        await one.restart("productpage-v1")
        await one.restart("reviews-v1")
        await one.wait_none_ends()
    assert len(load.check()["pods"]) > 1


@pytest.mark.parametrize("replicas", [1, 2])
async def test_gateways_restart_without_a_lost_request(meshes: Meshes, replicas: int) -> None:
    one, two = meshes["cluster1"], meshes["cluster2"]
    for cluster in (one, two):
        await cluster.scale(GATEWAY, replicas, namespace=SYSTEM_NAMESPACE)
    pod = await one.pod_of("productpage")
    async with (
        load_from_pod(one, pod, jasons_reviews(rate=100)) as within,
        load_through_gateway(meshes, "cluster1", _REVIEWS) as through,
    ):
        for cluster in (two, one):
            await cluster.restart(GATEWAY, namespace=SYSTEM_NAMESPACE)
        await meshes.wait_none_ends()
    within.check()
    through.check()


async def test_control_planes_restart_without_a_lost_request(meshes: Meshes) -> None:
    one, two = meshes["cluster1"], meshes["cluster2"]
    async with load_from_pod(one, await one.pod_of("productpage"), jasons_reviews()) as load:
        for cluster in (one, two):
            await cluster.restart(CONTROL_PLANE, namespace=SYSTEM_NAMESPACE)
        await meshes.wait_none_ends()
    load.check()
