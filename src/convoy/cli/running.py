"""Reach into a running local mesh from another terminal: find a pod, ask one of its HTTP ports."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from convoy.cli.local.errors import LocalMeshError
from convoy.cli.pod_traffic import Request, ask, over
from convoy.cli.state import state_path
from convoy.cluster.client import World, connect_world
from convoy.cluster.errors import WorldGoneError

ADMIN_PORT = 15000
DEBUG_PORT = 15014

Place = tuple[str, str, str]
"""Cluster, namespace and name of a pod."""


@contextlib.asynccontextmanager
async def running_world() -> AsyncIterator[World]:
    """The world of the demo that runs now; LocalMeshError when there is none, or when it ends meanwhile."""
    state = state_path("demo")
    try:
        world = await connect_world(state)
        try:
            yield world
        finally:
            await world.close()
    except WorldGoneError:
        raise LocalMeshError(
            f"No demo runs from {state}: start one in another terminal with `convoy demo --keep`, "
            "under the same CONVOY_HOME."
        ) from None


async def find_pod(world: World, pod: str, cluster: str | None) -> Place:
    """(cluster, namespace, name) of `NAME` or `NAME.NAMESPACE`; LocalMeshError unless it is one pod."""
    clusters = [info.name for info in await world.clusters()]
    if cluster and cluster not in clusters:
        raise LocalMeshError(f"There is no cluster {cluster}: choose one of {', '.join(clusters)}.")
    places = [
        (candidate, status.namespace, status.name)
        for candidate in ([cluster] if cluster else clusters)
        for status in await world.pods(candidate)
    ]
    return choose_pod(places, pod, f"cluster {cluster}" if cluster else "any cluster")


def choose_pod(places: Sequence[Place], pod: str, where: str) -> Place:
    """The one place that `NAME` or `NAME.NAMESPACE` means; LocalMeshError says which there are."""
    name, _, namespace = pod.partition(".")
    found = [place for place in places if place[2] == name and namespace in ("", place[1])]
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


async def ask_pod(world: World, cluster: str, namespace: str, *, pod: str, port: int, path: str) -> Any:
    """The JSON that a pod answers to GET `path` on a port of its loopback."""
    try:
        sock = await world.dial(cluster, namespace, pod, port)
    except OSError:
        what = "Envoy" if port == ADMIN_PORT else "control plane"
        raise LocalMeshError(
            f"Pod {pod}.{namespace} of cluster {cluster} has no {what} that answers: "
            "choose a pod that `convoy proxy-status` lists, or try again in a moment."
        ) from None
    with sock:
        reply = await asyncio.to_thread(ask, over(sock), Request("localhost", path))
    if reply.status != 200:
        raise LocalMeshError(
            f"Pod {pod}.{namespace} of cluster {cluster} answered {path} with {reply.status}: try again."
        )
    return json.loads(reply.body)
