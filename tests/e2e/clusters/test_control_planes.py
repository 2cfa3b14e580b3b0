"""A control plane that is killed, or cut off from its API server, under two hundred requests a second."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.clusters import bookinfo
from tests.e2e.clusters.agreeing import wait_agreement
from tests.e2e.clusters.cutting import cut_off
from tests.e2e.clusters.loading import jasons_reviews, load_from_pod
from tests.e2e.clusters.mesh import MeshCluster, Meshes
from tests.e2e.clusters.processes import main_process, sandbox_process
from tests.kit.waiting import until

from convoy.cli.install.settings import CONTROL_PLANE, SYSTEM_NAMESPACE
from convoy.cli.pods.asking import Asker, PodRequest
from convoy.cli.pods.streams import PodPlace
from convoy.config.errors import KubeError
from convoy.config.kube.resources import CONFIG_MAPS, LEASES, PODS
from convoy.controlplane.kubernetes import LEASE
from convoy.inject.proxy_container import ROOTS_CONFIG_MAP

pytestmark = [
    pytest.mark.world,
    pytest.mark.envoy,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
]

_PROGRAM = "convoy.controlplane"
# A minute is what users are promised; `CONVOY_CUT_SECONDS=60` waits that long.
_CUT_SECONDS = float(os.environ.get("CONVOY_CUT_SECONDS", "5"))
Find = Callable[[Path, PodPlace, str], int]


async def restarts(cluster: MeshCluster, pod: PodPlace) -> int:
    """How often a pod's container was started again."""
    found = await cluster.client.get(PODS, pod.name, namespace=pod.namespace)
    return int(found["status"]["containerStatuses"][0]["restartCount"])


@pytest.mark.parametrize("find", [main_process, sandbox_process])
async def test_killed_control_plane_costs_nothing_and_comes_back(meshes: Meshes, find: Find) -> None:
    one = meshes["cluster1"]
    pod = await one.pod_of(CONTROL_PLANE, namespace=SYSTEM_NAMESPACE)
    before = await restarts(one, pod)
    replicas = 2 if find is main_process else 1
    async with load_from_pod(one, await one.pod_of("productpage"), jasons_reviews()) as load:
        os.kill(find(meshes.home, pod, _PROGRAM), signal.SIGKILL)
        await one.scale("reviews-v1", replicas)
        await wait_agreement(one, "reviews", replicas=replicas)
    load.check()
    assert await restarts(one, pod) == before + 1


async def test_killed_leader_of_two_costs_nothing_and_somebody_leads(meshes: Meshes) -> None:
    one = meshes["cluster1"]
    await one.scale(CONTROL_PLANE, 2, namespace=SYSTEM_NAMESPACE)
    await until(lambda: led_by(one))
    leader = PodPlace(SYSTEM_NAMESPACE, await led_by(one))
    async with load_from_pod(one, await one.pod_of("productpage"), jasons_reviews()) as load:
        os.kill(main_process(meshes.home, leader, _PROGRAM), signal.SIGKILL)
        # The other replica serves at once: pods are injected, and proxies hear of them.
        await one.scale("reviews-v1", 2)
        await wait_agreement(one, "reviews", replicas=2)
        # Writing is for the leader: whoever that is now gives a new namespace its root certificate.
        await one.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "led"}})
        await until(lambda: has_roots(one, "led"), every=0.2)
    load.check()
    await one.scale("reviews-v1", 1)
    await one.scale(CONTROL_PLANE, 1, namespace=SYSTEM_NAMESPACE)


async def led_by(cluster: MeshCluster) -> str:
    """The pod that leads."""
    lease = await cluster.client.get(LEASES, LEASE, namespace=SYSTEM_NAMESPACE)
    return str(lease["spec"].get("holderIdentity") or "")


async def has_roots(cluster: MeshCluster, namespace: str) -> bool:
    """Whether a namespace has the mesh's root certificates."""
    try:
        await cluster.client.get(CONFIG_MAPS, ROOTS_CONFIG_MAP, namespace=namespace)
    except KubeError as error:
        if error.is_not_found:
            return False
        raise
    return True


@pytest.mark.parametrize("how", ["refused", "unanswered"])
async def test_without_an_api_server_traffic_flows_and_changes_come_afterwards(
    meshes: Meshes, how: str
) -> None:
    one = meshes["cluster1"]
    control_plane = await one.pod_of(CONTROL_PLANE, namespace=SYSTEM_NAMESPACE)
    istiod = main_process(meshes.home, control_plane, _PROGRAM)
    productpage = await one.pod_of("productpage")
    async with load_from_pod(one, productpage, jasons_reviews()) as load:
        async with cut_off(istiod, how=how):
            await one.apply(bookinfo.route_of("jason", bookinfo.GLOBAL, "v3"))
            await asyncio.sleep(_CUT_SECONDS)
            seen_while_cut = await jasons_versions(one, productpage)

        async def arrived() -> bool:
            return await jasons_versions(one, productpage) == {"v3"}

        await until(arrived, every=0.2)
    load.check()
    assert seen_while_cut == {"v2"}
    await one.apply(bookinfo.route_of("jason", bookinfo.GLOBAL, "v2"))


async def jasons_versions(cluster: MeshCluster, pod: PodPlace) -> set[str]:
    """The versions of reviews that answer jason now."""
    asked = PodRequest(
        address="reviews",
        port=9080,
        host="reviews:9080",
        path="/reviews/0",
        headers={"end-user": "jason"},
        count=6,
    )
    replies = await Asker(cluster.target, pod, "").ask(asked)
    return {str(reply.json()["podname"]).split("-")[1] for reply in replies}
