"""`convoy down`: end the embedded clusters."""

import asyncio
import shutil

import click

from convoy.cli.clusters.access import kubeconfig_path
from convoy.cli.clusters.holding import end_holder, find_world
from convoy.cli.clusters.plans import world_path


@click.command()
@click.option("--purge", is_flag=True, help="Remove their objects, addresses and keys, too.")
def down(purge: bool) -> None:
    """End the embedded clusters; their objects are kept for the next `convoy up`. Safe to repeat."""
    asyncio.run(_down(purge))


async def _down(purge: bool) -> None:
    folder = world_path()
    world = await find_world(folder)
    if world is None:
        click.echo("No cluster runs.")
    else:
        async with world:
            names = [info.name for info in await world.kube_clusters()]
            click.echo(f"ending {', '.join(names) or 'the world'} ...")
            await asyncio.gather(*(world.stop_cluster(name) for name in names))
        await end_holder(folder)
        kubeconfig_path(folder).unlink(missing_ok=True)
        click.echo("All clusters ended.")
    if purge and folder.exists():
        shutil.rmtree(folder)
        click.echo("What they kept is removed.")
