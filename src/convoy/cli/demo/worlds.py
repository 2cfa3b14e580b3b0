"""The demo's own clusters: made anew for each play, apart from the user's, in a state folder of their own."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from convoy.ca.files import intermediate_to_files
from convoy.ca.issuers import issue_intermediate, new_root
from convoy.cli.clusters.access import write_kubeconfig
from convoy.cli.clusters.holding import end_holder, start_holder
from convoy.cli.clusters.images import find_images
from convoy.cli.clusters.meshes import install_mesh, open_client
from convoy.cli.clusters.plans import ClusterPlan, save_plans
from convoy.cli.clusters.starting import start_missing
from convoy.cli.demo.script import CLUSTERS
from convoy.cli.install.settings import SYSTEM_NAMESPACE
from convoy.cli.install.stages import build_secret
from convoy.cli.local.mesh import mesh_images
from convoy.cluster.client import World

Say = Callable[[str], None]


@contextlib.asynccontextmanager
async def fresh_world(folder: Path) -> AsyncIterator[World]:
    """A new world in place of the one that may run from the folder. It goes on after the block, unless the
    block is left by an exception: then nothing is left.
    """
    await end_holder(folder)
    await asyncio.to_thread(_empty, folder)
    starting = asyncio.create_task(start_holder(folder, [*find_images(None), *mesh_images()]))
    try:
        async with await asyncio.shield(starting) as world:
            yield world
    except BaseException:
        with contextlib.suppress(Exception):
            await starting  # it may have been on its way
        await end_holder(folder)
        raise


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)


async def start_clusters(world: World, folder: Path, *, say: Say) -> None:
    """Start the two clusters, and write what kubectl needs to reach them."""
    plans = tuple(ClusterPlan(name, ephemeral=True) for name in CLUSTERS)
    save_plans(folder, await start_missing(world, plans, {}, say=say))
    write_kubeconfig(folder, await world.kube_clusters())


async def install_meshes(folder: Path, *, foreign: str, say: Say) -> None:
    """Install a mesh in each cluster; `foreign` names one whose certificates come from another root."""
    if foreign:
        await _bring_certificates(folder, foreign)
    await asyncio.gather(*(_install(folder, name, say) for name in CLUSTERS))


async def _install(folder: Path, cluster: str, say: Say) -> None:
    await install_mesh(folder, cluster, progress=lambda what: say(f"cluster {cluster}: {what}"))


async def _bring_certificates(folder: Path, cluster: str) -> None:
    """A Secret `cacerts` of the user's own, as an installation finds it."""
    files = intermediate_to_files(issue_intermediate(new_root(), cluster))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE}}
    async with open_client(folder, cluster) as client:
        for obj in (namespace, build_secret(files)):
            await client.apply(obj)
