"""`convoy demo`."""

import asyncio
import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.text import Text

from convoy.cli.demo.evidence import Row, Verdict
from convoy.cli.demo.mesh import DemoMesh
from convoy.cli.demo.play import Stopwatch, demo_mesh, verify
from convoy.cli.demo.sabotage import SABOTAGES
from convoy.cli.demo.table import print_rows
from convoy.cli.state import state_folder
from convoy.cluster.errors import WorldGoneError

SAMPLES = Path(__file__).parents[4] / "samples" / "bookinfo"
SABOTAGE_HELP = "Break one thing on purpose, to see which row of the table notices: " + "; ".join(
    f"{name} ({sabotage.about})" for name, sabotage in sorted(SABOTAGES.items())
)


@click.command()
@click.option(
    "--from",
    "samples",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=SAMPLES,
    help="A copy of samples/bookinfo to run instead of it: a folder with cluster1, cluster2 and networking.",
)
@click.option(
    "--sabotage",
    type=click.Choice(sorted(SABOTAGES)),
    metavar="NAME",
    default=None,
    help=f"{SABOTAGE_HELP}.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=1,
    metavar="NUMBER",
    help="At least so many requests as jason; never fewer than it takes to tell 50/50 from 60/40.",
)
@click.option("--keep", is_flag=True, help="Leave everything running until Ctrl-C.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="A table, or JSON.")
def demo(samples: Path, sabotage: str | None, sample: int, keep: bool, output: str) -> None:
    """Two clusters on this machine, version routing between them, verified by real requests.

    Exit code 0 when every promise held, 1 when one did not. Its state (root key, copies of the folders, logs)
    is in $CONVOY_HOME/demo; CONVOY_HOME is ~/.local/state/convoy unless set.
    """
    play = _play(samples, sabotage=sabotage or "", sample=sample, keep=keep, output=output)
    sys.exit(asyncio.run(_until_signalled(play)))


async def _until_signalled(play: Coroutine[Any, Any, int]) -> int:
    """Run the demo; SIGINT and SIGTERM end it in good order with the usual exit codes."""
    task = asyncio.create_task(play)
    received: list[int] = []

    def stop(number: int) -> None:
        # Once is enough: a second Ctrl-C would only interrupt the clearing away.
        if not received:
            task.cancel()
        received.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return 128 + received[0] if received else 1


async def _play(samples: Path, *, sabotage: str, sample: int, keep: bool, output: str) -> int:
    console, watch = Console(stderr=True, highlight=False, soft_wrap=True), Stopwatch()

    def progress(text: str) -> None:
        console.print(Text.assemble((f"{watch}  ", "dim"), f"{text} ..."))

    def report(text: str) -> None:
        console.print(Text(f"\n{text}\n"))

    state = state_folder("demo")
    async with demo_mesh(samples, state, sabotage=sabotage, progress=progress, report=report) as local:
        mesh = await DemoMesh.open(local, samples, sample=sample)
        rows = await verify(mesh, progress=progress)
        console.print(Text.assemble((f"{watch}", "dim"), "  done"))
        _show(rows, output)
        if keep:
            console.print(Text(_how_to_look(mesh.ingress_url, state)))
            await local.world.wait_ended()
            raise WorldGoneError("the world ended.")
    return 0 if all(row.verdict is Verdict.HELD for row in rows) else 1


def _show(rows: list[Row], output: str) -> None:
    if output == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
    else:
        print_rows(rows)


def _how_to_look(url: str, state: Path) -> str:
    """What to try while everything runs; the commands work as they are, from the same folder."""
    convoy = shlex.quote(sys.argv[0]) if Path(sys.argv[0]).name == "convoy" else "convoy"
    if home := os.environ.get("CONVOY_HOME"):
        convoy = f"CONVOY_HOME={shlex.quote(home)} {convoy}"
    return f"""
The page:     {url}/productpage   (log in as jason, any password)
The folders:  {state / "clusters"}   (edit a file; the next request follows it)
The logs:     {state / "logs"}
Look inside:  {convoy} proxy-status
              {convoy} proxy-config route productpage-v1
Ctrl-C ends everything."""
