"""Whether what a cluster's API says, its control plane serves and its Envoys have is one and the same."""

import asyncio
from typing import Any

from tests.e2e.clusters.mesh import MeshCluster
from tests.kit.waiting import until

from convoy.cli.install.gateways import GATEWAY
from convoy.cli.install.settings import CONTROL_PLANE, SYSTEM_NAMESPACE
from convoy.cli.pods.streams import PodPlace
from convoy.config.errors import KubeError

Json = dict[str, Any]

_PATIENCE = 60.0


async def wait_agreement(cluster: MeshCluster, service: str, *, replicas: int) -> None:
    """Until a Service has so many ready pods, and every Envoy of the cluster those and no other.

    Every proxy must be connected and have taken all it was sent, too.
    """

    async def agree() -> bool:
        try:
            return await _agree(cluster, service, replicas)
        except (KubeError, AssertionError):  # the control plane, or an Envoy, does not answer yet
            return False

    async with asyncio.timeout(_PATIENCE):
        await until(agree, every=0.2)


async def _agree(cluster: MeshCluster, service: str, replicas: int) -> bool:
    wanted = {pod["status"].get("podIP", "") for pod in await cluster.pods(f"app={service}") if is_ready(pod)}
    if len(wanted) != replicas:
        return False
    callers = [_place(pod) for pod in await cluster.pods()]
    gateways = [_place(pod) for pod in await cluster.pods(f"app={GATEWAY}", namespace=SYSTEM_NAMESPACE)]
    if await connected_proxies(cluster) != {str(place) for place in (*callers, *gateways)}:
        return False
    name = f"outbound|9080||{service}.default.svc.cluster.local"
    for caller in callers:
        if endpoints(await cluster.admin(caller, "/clusters?format=json"), name) != wanted:
            return False
    return True


async def connected_proxies(cluster: MeshCluster) -> set[str]:
    """`pod.namespace` of every proxy that some replica of the control plane serves and that has it all."""
    found = set()
    for pod in await cluster.pods(f"app={CONTROL_PLANE}", namespace=SYSTEM_NAMESPACE):
        for proxy in await cluster.debug("/debug/proxies", pod=_place(pod)):
            if all(kind["state"] == "SYNCED" for kind in proxy["types"]):
                found.add(str(proxy["proxy"]))
    return found


def endpoints(told: Json, cluster: str) -> set[str]:
    """The addresses that an Envoy has for one of its clusters."""
    for status in told.get("cluster_statuses", []):
        if status["name"] == cluster:
            return {host["address"]["socket_address"]["address"] for host in status.get("host_statuses", [])}
    return set()


def is_ready(pod: Json) -> bool:
    """Whether a pod says so."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _place(pod: Json) -> PodPlace:
    return PodPlace(pod["metadata"]["namespace"], pod["metadata"]["name"])
