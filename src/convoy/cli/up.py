"""`convoy up`: start embedded Kubernetes clusters on this machine, or bring the missing ones back."""

import asyncio
import time
from pathlib import Path

import click

from convoy.cli.clusters.access import write_kubeconfig
from convoy.cli.clusters.holding import find_world, start_holder
from convoy.cli.clusters.images import find_images
from convoy.cli.clusters.meshes import install_mesh
from convoy.cli.clusters.plans import (
    DEFAULT_CLUSTERS,
    ClusterPlan,
    load_plans,
    save_plans,
    world_folder,
)
from convoy.cli.clusters.starting import start_missing
from convoy.cli.local.errors import LocalMeshError
from convoy.cli.local.mesh import mesh_images
from convoy.cluster.strategies.names import DNS_LABEL, broken_rules
from convoy.cluster.types import KubeClusterInfo


@click.command()
@click.option("--clusters", metavar="A,B", help="Names of the clusters; by default those of last time.")
@click.option(
    "--nodes", type=click.IntRange(1, 16), help="Nodes of each cluster; by default as last time, or 1."
)
@click.option("--bare", is_flag=True, help="Plain Kubernetes: leave the mesh out.")
@click.option(
    "--ephemeral", is_flag=True, help="Keep no objects: what is applied is gone after `convoy down`."
)
@click.option(
    "--images",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own images as local programs; by default images.yaml of CONVOY_HOME.",
)
def up(clusters: str | None, nodes: int | None, bare: bool, ephemeral: bool, images: Path | None) -> None:
    """Start embedded Kubernetes clusters with the mesh in each: no Docker, no root. Safe to repeat."""
    names = parse_names(clusters) if clusters is not None else None
    asyncio.run(_up(names, nodes, images, ephemeral=ephemeral, bare=bare))


def parse_names(text: str) -> list[str]:
    """Cluster names with commas between them; each becomes part of host names. Raises click.BadParameter."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise click.BadParameter("name at least one cluster", param_hint="--clusters")
    for name in names:
        if broken_rules(name, DNS_LABEL):
            raise click.BadParameter(
                f'"{name}" is no cluster name: use lower case letters, digits and "-"',
                param_hint="--clusters",
            )
    if len(set(names)) < len(names):
        raise click.BadParameter("each name may occur once", param_hint="--clusters")
    return names


def choose_plans(
    known: tuple[ClusterPlan, ...], names: list[str] | None, nodes: int | None, *, ephemeral: bool
) -> tuple[ClusterPlan, ...]:
    """The clusters that are asked for, as they were last time unless something else is said."""
    before = {plan.name: plan for plan in known}
    wanted = names if names is not None else list(before) or list(DEFAULT_CLUSTERS)
    chosen = []
    for name in wanted:
        plan = before.get(name, ClusterPlan(name))
        chosen.append(ClusterPlan(name, nodes or plan.nodes, ephemeral or plan.ephemeral, plan.port))
    return tuple(chosen)


async def _up(
    names: list[str] | None, nodes: int | None, images: Path | None, *, ephemeral: bool, bare: bool
) -> None:
    began = time.monotonic()
    folder = world_folder()
    known = load_plans(folder)
    plans = choose_plans(known, names, nodes, ephemeral=ephemeral)
    table = [*find_images(images), *mesh_images()]
    world = await find_world(folder) or await start_holder(folder, table)
    async with world:
        running = {info.name: info for info in await world.kube_clusters()}
        _check_same(running, plans)
        started = await start_missing(world, plans, running, say=click.echo)
        merged = _merged(known, started)
        save_plans(folder, merged)
        order = [plan.name for plan in merged]
        everything = sorted(await world.kube_clusters(), key=lambda info: order.index(info.name))
    path = write_kubeconfig(folder, everything)
    if not bare:
        await asyncio.gather(*(_install(folder, plan.name) for plan in plans))
    seconds = time.monotonic() - began
    click.echo(f"{_count(len(everything))} ready after {seconds:.1f} s. Next:")
    click.echo("  export KUBECONFIG=$(convoy kubeconfig)")
    click.echo(f"  kubectl --context={everything[0].name} get pods -A")
    click.echo(f"(KUBECONFIG is {path}; `convoy down` ends them and keeps their objects.)")


async def _install(folder: Path, cluster: str) -> None:
    await install_mesh(folder, cluster, progress=lambda what: click.echo(f"cluster {cluster}: {what} ..."))


def _count(number: int) -> str:
    return "1 cluster is" if number == 1 else f"{number} clusters are"


def _check_same(running: dict[str, KubeClusterInfo], plans: tuple[ClusterPlan, ...]) -> None:
    for plan in plans:
        info = running.get(plan.name)
        if info is not None and len(info.nodes) != plan.nodes:
            raise LocalMeshError(
                f"Cluster {plan.name} runs with {len(info.nodes)} nodes: end it with `convoy down` before "
                f"you start it with {plan.nodes}."
            )


def _merged(known: tuple[ClusterPlan, ...], started: tuple[ClusterPlan, ...]) -> tuple[ClusterPlan, ...]:
    by_name = {plan.name: plan for plan in (*known, *started)}
    return tuple(by_name.values())
