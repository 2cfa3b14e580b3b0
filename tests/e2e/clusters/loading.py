"""Loads on a mesh while something happens to it: from a pod, and from the host through a gateway."""

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.clusters import load
from tests.e2e.clusters.load import Plan, Told
from tests.e2e.clusters.mesh import MeshCluster, Meshes

from convoy.cli.pods.streams import PodPlace

_PROGRAM = Path(load.__file__)
_SOURCE = _PROGRAM.read_text()
_BEFORE, _AFTER = 0.7, 1.0
_number = itertools.count()


def jasons_reviews(*, rate: float = 200.0) -> Plan:
    """For a pod of cluster1: the reviews that jason gets."""
    return Plan(
        host="reviews",
        port=9080,
        authority="reviews:9080",
        path="/reviews/0",
        headers={"end-user": "jason"},
        rate=rate,
        stop="",
    )


class Load:
    """A load that runs; `told` is there once it has ended."""

    def __init__(self) -> None:
        self.told: Told | None = None

    def check(self) -> Told:
        """What it saw; AssertionError if anything was lost, or nearly nothing sent."""
        assert self.told is not None
        failures, statuses = self.told["failures"], self.told["statuses"]
        assert not failures, f"{statuses}; begun at, after seconds, what: {failures[:5]}"
        assert self.told["calls"] > 50, self.told
        return self.told


@asynccontextmanager
async def load_from_pod(
    cluster: MeshCluster, pod: PodPlace, plan: Plan, *, container: str = ""
) -> AsyncIterator[Load]:
    """A load from inside a pod for as long as the block, some before and some after."""
    stop = f"/tmp/stop-{next(_number)}"
    argv = ("python3", "-c", _SOURCE, json.dumps({**plan, "stop": stop}))
    running = asyncio.create_task(cluster.execute(pod, *argv, container=container))
    loading = Load()
    try:
        await asyncio.sleep(_BEFORE)
        yield loading
        await asyncio.sleep(_AFTER)
    finally:
        await cluster.execute(pod, "touch", stop, container=container)
        ran = await running
    assert ran.code == 0, ran.stderr.decode()
    loading.told = json.loads(ran.stdout)


@asynccontextmanager
async def load_through_gateway(
    meshes: Meshes, cluster: str, path: str, *, rate: float = 100.0
) -> AsyncIterator[Load]:
    """A load from this machine on a cluster's ingress gateway, in the same way."""
    url = urlsplit((await meshes.convoy("ingress", cluster)).strip())
    stop = meshes.home / f"stop-{next(_number)}"
    plan = Plan(
        host=url.hostname or "",
        port=url.port or 80,
        authority="bookinfo.test",
        path=path,
        headers={},
        rate=rate,
        stop=str(stop),
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(_PROGRAM), json.dumps(plan), stdout=asyncio.subprocess.PIPE
    )
    loading = Load()
    try:
        await asyncio.sleep(_BEFORE)
        yield loading
        await asyncio.sleep(_AFTER)
    finally:
        stop.touch()
        output, _ = await process.communicate()
    loading.told = json.loads(output)
