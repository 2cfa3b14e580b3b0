"""`convoy status`: which embedded clusters run, and how they and their meshes are."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from convoy.cli.clusters.holding import find_world, holder_pid
from convoy.cli.clusters.memory import world_pss_mib
from convoy.cli.clusters.observing import Seen, see
from convoy.cli.clusters.plans import load_plans, world_path
from convoy.cli.clusters.summaries import Row, gateway_address, summarise
from convoy.cli.output import output_option, print_json, print_table
from convoy.config.errors import ConfigError

_COLUMNS = (
    "CLUSTER",
    "STATE",
    "NODES",
    "PODS",
    "CONTROL PLANE",
    "GATEWAY",
    "LINKS",
    "CA VALID",
    "API SERVER",
)


@click.command()
@output_option
def status(output: str) -> None:
    """List the embedded clusters: what is ready, of all; gateways, links, certificates, problems, memory."""
    rows, memory = asyncio.run(_fetch())
    if output == "json":
        print_json({"clusters": [msgspec.to_builtins(row) for row in rows], "memoryMiB": memory})
        return
    print_table(_COLUMNS, [_cells(row) for row in rows])
    for row in rows:
        for problem in row.problems:
            click.echo(f"\nproblem in {row.name}: {problem}")
    if memory:
        click.echo(f"\nmemory: {memory} MiB (PSS of everything that runs)")
    if not rows:
        click.echo("Start clusters with `convoy up`.", err=True)


async def _fetch() -> tuple[list[Row], int]:
    folder = world_path()
    plans = {plan.name: plan for plan in load_plans(folder)}
    world = await find_world(folder)
    if world is None:
        return [_stopped(name, plan.nodes) for name, plan in plans.items()], 0
    async with world:
        servers = {info.name: info.server for info in await world.kube_clusters()}
    running = {name: servers[name] for name in (*plans, *sorted(servers)) if name in servers}
    looked = await asyncio.gather(*(see(folder, name) for name in running), return_exceptions=True)
    seen = dict(zip(running, looked, strict=True))
    rows = [_row(name, running[name], seen) for name in running]
    rows += [_stopped(name, plan.nodes) for name, plan in plans.items() if name not in running]
    return rows, await asyncio.to_thread(world_pss_mib, holder_pid(folder))


def _row(name: str, server: str, seen: dict[str, Seen | BaseException]) -> Row:
    found = seen[name]
    if isinstance(found, ConfigError):
        return Row(name, "API server does not answer", server)
    if isinstance(found, BaseException):
        raise found
    gateways = {other: gateway_address(each) for other, each in seen.items() if isinstance(each, Seen)}
    return summarise(name, server, found, gateways=gateways, now=datetime.now(UTC))


def _stopped(name: str, nodes: int) -> Row:
    return Row(name, "stopped", nodes=(0, nodes))


def _cells(row: Row) -> tuple[str, ...]:
    days = "-" if row.certificate_days is None else f"{row.certificate_days} d"
    gateway = f"{_count(row.gateways)} {row.gateway_address}".strip()
    links = ",".join(row.links) or "-"
    counts = (_count(row.nodes), _count(row.pods), _count(row.control_plane), gateway)
    return (row.name, row.state, *counts, links, days, row.server or "-")


def _count(counts: Any) -> str:
    return "-" if counts is None else f"{counts[0]}/{counts[1]}"
