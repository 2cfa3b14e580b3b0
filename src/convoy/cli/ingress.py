"""`convoy ingress`: the URL at which programs and browsers of this machine reach a cluster's gateway."""

import asyncio

import click

from convoy.cli.clusters.gateways import ingress_url
from convoy.cli.clusters.holding import find_world
from convoy.cli.clusters.plans import world_path
from convoy.cli.local.errors import LocalMeshError


@click.command()
@click.argument("cluster", required=False)
def ingress(cluster: str | None) -> None:
    """Print the URL of a cluster's ingress gateway, by default of the first cluster.

    It works on this machine while the clusters run, and stays the same when they run again.
    """
    click.echo(asyncio.run(_find(cluster)))


async def _find(cluster: str | None) -> str:
    folder = world_path()
    world = await find_world(folder)
    if world is None:
        raise LocalMeshError("No cluster runs: start them with `convoy up`.")
    async with world:
        running = [info.name for info in await world.kube_clusters()]
    if cluster is not None and cluster not in running:
        raise LocalMeshError(f"There is no cluster {cluster}: choose one of {', '.join(running)}.")
    return await ingress_url(folder, cluster or running[0])
