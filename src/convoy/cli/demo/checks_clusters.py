"""Promises about the clusters themselves: control planes, injection, manifests, the gateway's address."""

import asyncio
from typing import Any

import orjson

from convoy.cli.clusters.gateways import gateway_address
from convoy.cli.demo.evidence import CheckFailedError
from convoy.cli.demo.script import CLUSTER1, CLUSTERS, GATEWAY_ADDRESS
from convoy.cli.demo.stage import PASSTHROUGH_PORT, Stage, wait_until
from convoy.cli.install.control_plane import DEBUG_PORT
from convoy.cli.install.settings import CONTROL_PLANE, SYSTEM_NAMESPACE
from convoy.cli.pods.forwarding import get_from_pod
from convoy.cli.pods.streams import PodPlace
from convoy.config.kube.client import Json

_PROXY = "istio-proxy"
_REFUSED_WITHIN = 0.3


async def check_clusters(stage: Stage) -> str:
    """Each cluster has a control plane of its own, and every proxy has all that it is to have."""
    return "; ".join([await _check_cluster(stage, name) for name in CLUSTERS])


async def _check_cluster(stage: Stage, cluster: str) -> str:
    pods = await stage.pods(cluster, f"app={CONTROL_PLANE}", namespace=SYSTEM_NAMESPACE)
    if not any(_is_ready(pod) for pod in pods):
        raise CheckFailedError(f"{cluster} has no control plane that is ready")
    with_proxy = [p for p in await stage.pods(cluster, namespace="") if _has_proxy(p)]
    expected = {f"{p['metadata']['name']}.{p['metadata']['namespace']}" for p in with_proxy}
    synced: set[str] = set()

    async def all_synced() -> bool:
        synced.clear()
        synced.update(await _synced_proxies(stage, cluster))
        return expected <= synced

    try:
        await wait_until(all_synced, "")
    except CheckFailedError:
        behind = ", ".join(sorted(expected - synced))
        raise CheckFailedError(f"{cluster}: proxies that are not up to date: {behind}") from None
    return f"{cluster}: {pods[0]['metadata']['name']}, {len(expected)} of {len(expected)} proxies in sync"


async def _synced_proxies(stage: Stage, cluster: str) -> set[str]:
    synced: set[str] = set()
    for pod in await stage.pods(cluster, f"app={CONTROL_PLANE}", namespace=SYSTEM_NAMESPACE):
        if _is_ready(pod):
            place = PodPlace(SYSTEM_NAMESPACE, pod["metadata"]["name"])
            _, body = await get_from_pod(stage.targets[cluster], place, DEBUG_PORT, "/debug/proxies")
            synced |= {proxy["proxy"] for proxy in orjson.loads(body) if _is_synced(proxy)}
    return synced


def _is_synced(proxy: Any) -> bool:
    # A gateway that routes nothing asks for no routes.
    return all(kind["state"] in ("SYNCED", "NOT SENT") for kind in proxy["types"])


async def check_injection(stage: Stage) -> str:
    """Every pod of the labelled namespaces has a sidecar, ready before the application."""
    found = []
    for cluster in CLUSTERS:
        pods = await stage.pods(cluster)
        bare = [pod["metadata"]["name"] for pod in pods if not _has_proxy(pod)]
        if bare or not pods:
            raise CheckFailedError(f"{cluster}: no sidecar beside {', '.join(bare) or 'any pod'}")
        found.append(f"{cluster}: {len(pods)} of {len(pods)} pods")
    return f"{_PROXY} in {'; '.join(found)}"


async def check_manifests(stage: Stage) -> str:
    """Every object was taken as it is printed, and every Deployment runs."""
    if stage.refused or stage.unready:
        raise CheckFailedError("; ".join([*stage.refused, *stage.unready]))
    everything = [obj for cluster in CLUSTERS for obj in stage.script.applications[cluster]]
    deployments = [obj for obj in everything if obj["kind"] == "Deployment"]
    versions = ", ".join(sorted({obj["apiVersion"] for obj in deployments}))
    without = sum("selector" not in obj["spec"] for obj in deployments)
    return (
        f"{len(everything)} objects taken; {len(deployments)} Deployments of {versions}, "
        f"{without} without a selector, available"
    )


async def check_address(stage: Stage) -> str:
    """cluster2's gateway has an address, and cluster1 reaches port 15443 there."""
    if not stage.gateway_address:
        raise CheckFailedError(f"{GATEWAY_ADDRESS} is empty: the Service has no load balancer's address")
    if not await _is_open(stage):
        raise CheckFailedError(f"{CLUSTER1} cannot reach {stage.gateway_address}:{PASSTHROUGH_PORT}")
    own = await gateway_address(stage.clients[CLUSTER1])
    return f"{stage.gateway_address} (cluster1's own is {own}), port {PASSTHROUGH_PORT} answers {CLUSTER1}"


async def _is_open(stage: Stage) -> bool:
    """The way to a closed port is cut at once; behind an open one is a server that waits for a TLS client."""
    sock = await stage.dial_gateway()
    with sock:
        sock.settimeout(_REFUSED_WITHIN)
        try:
            await asyncio.to_thread(sock.recv, 1)
        except TimeoutError:
            return True
        except OSError:
            return False
    return False


def _has_proxy(pod: Json) -> bool:
    containers = (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"])
    return any(container["name"] == _PROXY for container in containers)


def _is_ready(pod: Json) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
