"""`convoy status`: which embedded clusters run, and how they are."""

import asyncio
from typing import Any

import aiohttp
import click

from convoy.cli.clusters.access import list_objects
from convoy.cli.clusters.holding import find_world
from convoy.cli.clusters.plans import ClusterPlan, load_plans, world_path
from convoy.cli.output import output_option, print_json, print_table
from convoy.cluster.types import KubeClusterInfo

Json = dict[str, Any]
_COLUMNS = ("CLUSTER", "STATE", "NODES", "PODS", "API SERVER")


@click.command()
@output_option
def status(output: str) -> None:
    """List the embedded clusters: nodes and pods that are ready, of all, and where the API answers."""
    rows = asyncio.run(_fetch())
    if output == "json":
        print_json(rows)
        return
    print_table(_COLUMNS, [_as_row(row) for row in rows])
    if not rows:
        click.echo("Start clusters with `convoy up`.", err=True)


async def _fetch() -> list[Json]:
    folder = world_path()
    plans = {plan.name: plan for plan in load_plans(folder)} if folder.exists() else {}
    world = await find_world(folder)
    if world is None:
        return [_stopped(plan) for plan in plans.values()]
    async with world:
        running = {info.name: info for info in await world.kube_clusters()}
    looked = await asyncio.gather(*(_look(info) for info in running.values()))
    return [*looked, *(_stopped(plan) for name, plan in plans.items() if name not in running)]


def _stopped(plan: ClusterPlan) -> Json:
    return {"name": plan.name, "state": "stopped", "server": "", "nodes": [0, plan.nodes], "pods": [0, 0]}


async def _look(info: KubeClusterInfo) -> Json:
    seen: Json = {
        "name": info.name,
        "state": "running",
        "server": info.server,
        "nodes": [0, 0],
        "pods": [0, 0],
    }
    try:
        nodes = await list_objects(info, "/api/v1/nodes")
        pods = await list_objects(info, "/api/v1/pods")
    except (aiohttp.ClientError, TimeoutError, OSError):
        return {**seen, "state": "API server does not answer"}
    living = [pod for pod in pods if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")]
    return {**seen, "nodes": _ready(nodes), "pods": _ready(living)}


def _ready(objects: list[Json]) -> list[int]:
    """How many are ready, of how many."""
    ready = [
        any(c.get("type") == "Ready" and c.get("status") == "True" for c in _conditions(obj))
        for obj in objects
    ]
    return [sum(ready), len(ready)]


def _conditions(obj: Json) -> list[Json]:
    conditions: list[Json] = obj.get("status", {}).get("conditions") or []
    return conditions


def _as_row(row: Json) -> tuple[str, ...]:
    nodes, pods = ("{}/{}".format(*row[kind]) for kind in ("nodes", "pods"))
    return (row["name"], row["state"], nodes, pods, row["server"] or "-")
