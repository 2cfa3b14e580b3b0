"""A cluster in a world of its own, for clients on the host."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from tests.cluster.kubectl.istio_definitions import GROUP, istio_definitions

from convoy.cli.clusters.access import write_kubeconfig
from convoy.cluster.client import start_world
from convoy.cluster.types import ImageEntry, KubeClusterSpec

HERE = str(Path(__file__).parent)
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PROGRAM = ("python", "-IS", f"{HERE}/program.py")
IMAGES = (
    ImageEntry("nginx", PROGRAM, args=("80",), keep=(HERE,)),
    ImageEntry("busybox", PROGRAM, args=("8080", "busy"), keep=(HERE,)),
)


@asynccontextmanager
async def running_cluster(folder: Path) -> AsyncIterator[Path]:
    """A cluster `cluster1` whose state is in `folder`; gives its kubeconfig."""
    async with start_world(state_dir=folder, images=IMAGES) as world:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            info = await world.start_cluster(KubeClusterSpec("cluster1"), listener)
        yield write_kubeconfig(folder, [info])


async def define_istio(session: aiohttp.ClientSession) -> None:
    """Install the definitions of Istio's kinds, as its installation does, and wait until they are served."""
    for definition in istio_definitions():
        async with session.post(DEFINITIONS, json=definition) as made:
            assert made.status == 201, await made.text()
        async with asyncio.timeout(20):
            await until_served(session, f"/apis/{GROUP}/v1/{definition['spec']['names']['plural']}")


async def until_served(session: aiohttp.ClientSession, path: str) -> None:
    """Until a list can be had."""
    while True:
        async with session.get(path) as answer:
            if answer.status == 200:
                return
        await asyncio.sleep(0.05)
