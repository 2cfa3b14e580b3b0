"""Reach into a running local mesh from another terminal: find a pod, ask one of its HTTP ports."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from convoy.cli.local.errors import LocalMeshError
from convoy.cli.pod_traffic import Request, ask, over
from convoy.cli.state import state_folder
from convoy.cluster.client import World, connect_world

ADMIN_PORT = 15000
DEBUG_PORT = 15014


@contextlib.asynccontextmanager
async def running_world() -> AsyncIterator[World]:
    """The world of the demo that runs now; a WorldError says so when there is none."""
    world = await connect_world(state_folder("demo"))
    try:
        yield world
    finally:
        await world.close()


async def find_pod(world: World, pod: str, cluster: str | None) -> tuple[str, str, str]:
    """(cluster, namespace, name) of `NAME` or `NAME.NAMESPACE`; LocalMeshError unless it is one pod."""
    name, _, namespace = pod.partition(".")
    found = []
    for candidate in [info.name for info in await world.clusters()]:
        if cluster in (None, candidate):
            pods = await world.pods(candidate)
            found += [
                (candidate, p.namespace, p.name)
                for p in pods
                if p.name == name and namespace in ("", p.namespace)
            ]
    if not found:
        place = f"cluster {cluster}" if cluster else "any cluster"
        raise LocalMeshError(f"There is no pod {pod} in {place}: run `convoy proxy-status` for the names.")
    if len(found) > 1:
        options = " or ".join(f"--cluster {candidate}" for candidate, _, _ in found)
        raise LocalMeshError(f"Several pods are called {pod}: add {options}.")
    return found[0]


async def ask_pod(world: World, cluster: str, namespace: str, *, pod: str, port: int, path: str) -> Any:
    """The JSON that a pod answers to GET `path` on a port of its loopback."""
    try:
        sock = await world.dial(cluster, namespace, pod, port)
    except OSError as error:
        raise LocalMeshError(
            f"Pod {pod}.{namespace} of cluster {cluster} has nothing listening on port {port} "
            f"({error.strerror}): is it a pod with a proxy?"
        ) from None
    with sock:
        reply = await asyncio.to_thread(ask, over(sock), Request("localhost", path))
    if reply.status != 200:
        raise LocalMeshError(f"Pod {pod}.{namespace} of cluster {cluster} answered {reply.status} to {path}.")
    return json.loads(reply.body)
