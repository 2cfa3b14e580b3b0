"""Reach into running clusters from another terminal: find a pod, ask one of its HTTP ports."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson

from convoy.cli.clusters.access import kubeconfig_path
from convoy.cli.clusters.holding import find_world
from convoy.cli.clusters.plans import world_path
from convoy.cli.install.settings import CONTROL_PLANE, SYSTEM_NAMESPACE
from convoy.cli.local.errors import LocalMeshError
from convoy.cli.pods.forwarding import get_from_pod
from convoy.cli.pods.streams import PodPlace
from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.kubeconfig import load_kubeconfig
from convoy.config.kube.listings import ALL, Selection
from convoy.config.kube.resources import PODS
from convoy.config.kube.targets import KubeTarget

ADMIN_PORT = 15000
DEBUG_PORT = 15014
_GENERATED = 2  # parts of a name that a Deployment's pods have after its own

Place = tuple[str, str, str]
"""Cluster, namespace and name of a pod."""


async def running_clusters() -> dict[str, KubeTarget]:
    """The clusters that run, by name; LocalMeshError when there is none."""
    folder = world_path()
    world = await find_world(folder)
    if world is None:
        raise LocalMeshError("No cluster runs: start them with `convoy up`, or with `convoy demo`.")
    async with world:
        names = [info.name for info in await world.kube_clusters()]
    return {name: load_kubeconfig(kubeconfig_path(folder), name) for name in names}


async def find_pod(targets: dict[str, KubeTarget], pod: str, cluster: str | None) -> Place:
    """(cluster, namespace, name) of `NAME` or `NAME.NAMESPACE`; LocalMeshError unless it is one pod.

    The name of a Deployment stands for its only pod.
    """
    if cluster and cluster not in targets:
        raise LocalMeshError(f"There is no cluster {cluster}: choose one of {', '.join(targets)}.")
    chosen = [cluster] if cluster else list(targets)
    found = await asyncio.gather(*(list_pods(targets[name]) for name in chosen))
    places = [
        (name, pod.namespace, pod.name) for name, pods in zip(chosen, found, strict=True) for pod in pods
    ]
    return choose_pod(places, pod.removeprefix("pod/"), f"cluster {cluster}" if cluster else "any cluster")


async def list_pods(target: KubeTarget, selection: Selection = ALL) -> list[PodPlace]:
    """The pods of a cluster that have not ended. KubeError."""
    async with KubeClient(target) as client:
        listed = (await client.list(PODS, selection)).items
    living = [pod for pod in listed if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")]
    return [PodPlace(pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in living]


def choose_pod(places: Sequence[Place], pod: str, where: str) -> Place:
    """The one place that `NAME` or `NAME.NAMESPACE` means; LocalMeshError says which there are."""
    name, _, namespace = pod.partition(".")
    there = [place for place in places if namespace in ("", place[1])]
    found = [place for place in there if place[2] == name] or [p for p in there if _deployment(p[2]) == name]
    if not found:
        known = ", ".join(sorted({f"{place[2]}.{place[1]}" for place in places})) or "none"
        raise LocalMeshError(f"There is no pod {pod} in {where}. Pods there: {known}.")
    if len(found) > 1:
        clusters = {place[0] for place in found}
        options = [f"--cluster {place[0]}" for place in found]
        if len(clusters) == 1:
            options = [f"{place[2]}.{place[1]}" for place in found]
        raise LocalMeshError(f"Several pods are called {pod}: say {' or '.join(dict.fromkeys(options))}.")
    return found[0]


def _deployment(pod: str) -> str:
    return pod.rsplit("-", _GENERATED)[0]


async def ask_pod(target: KubeTarget, pod: PodPlace, port: int, path: str) -> Any:
    """The JSON that a pod answers to GET `path` on a port of its loopback; LocalMeshError."""
    try:
        status, body = await get_from_pod(target, pod, port, path)
    except KubeError as error:
        what = "Envoy" if port == ADMIN_PORT else "control plane"
        raise LocalMeshError(
            f"Pod {pod} of cluster {target.cluster} has no {what} that answers ({error.message}): "
            "choose a pod that `convoy proxy-status` lists, or try again in a moment."
        ) from None
    if status != 200:
        raise LocalMeshError(
            f"Pod {pod} of cluster {target.cluster} answered {path} with {status}: try again."
        )
    return orjson.loads(body)


async def ask_control_planes(target: KubeTarget, path: str) -> list[Any]:
    """What each control plane of a cluster answers to GET `path` on its debug port; LocalMeshError."""
    selection = Selection(namespace=SYSTEM_NAMESPACE, labels=f"app={CONTROL_PLANE}")
    try:
        pods = await list_pods(target, selection)
    except KubeError as error:
        raise LocalMeshError(f"Cluster {target.cluster} cannot be looked at: {error}") from None
    return list(await asyncio.gather(*(ask_pod(target, pod, DEBUG_PORT, path) for pod in pods)))
