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

from convoy.cli.clusters.access import kubeconfig_path
from convoy.cli.clusters.holding import end_holder
from convoy.cli.clusters.plans import demo_path
from convoy.cli.demo.evidence import Row, Verdict
from convoy.cli.demo.play import Stopwatch, open_stage, play
from convoy.cli.demo.sabotage import SABOTAGES
from convoy.cli.demo.script import load_script
from convoy.cli.demo.table import print_rows
from convoy.cli.state import state_folder, use_alone

SABOTAGE_HELP = "Break one thing on purpose, to see which row of the table notices: " + "; ".join(
    f"{name} ({sabotage.about})" for name, sabotage in sorted(SABOTAGES.items())
)


@click.command()
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
@click.option("--end", is_flag=True, help="End the clusters when all is verified.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="A table, or JSON.")
def demo(sabotage: str | None, sample: int, end: bool, output: str) -> None:
    """Two clusters on this machine, version routing between them, verified by real requests.

    The clusters are the demo's own, apart from those of `convoy up`, and made anew each time. They go on
    running, until `convoy down` ends them or, with --end, until the table is printed.

    Exit code 0 when every promise held, 1 when one did not. Their state is in $CONVOY_HOME/demo; CONVOY_HOME
    is ~/.local/state/convoy unless set.
    """
    sys.exit(asyncio.run(_until_signalled(_run(sabotage, sample=sample, end=end, output=output))))


async def _until_signalled(run: Coroutine[Any, Any, int]) -> int:
    """Run the demo; SIGINT and SIGTERM end it in good order with the usual exit codes."""
    task = asyncio.create_task(run)
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


async def _run(sabotage: str | None, *, sample: int, end: bool, output: str) -> int:
    console, watch = Console(stderr=True, highlight=False, soft_wrap=True), Stopwatch()

    def say(text: str) -> None:
        console.print(Text.assemble((f"{watch}  ", "dim"), text))

    script, folder = load_script(), demo_path()
    if sabotage:
        SABOTAGES[sabotage].edit(script)
    with use_alone(state_folder("demo")):
        async with open_stage(folder, script, sample=sample, say=say) as stage:
            rows = await play(stage, say=say)
            url = stage.ingress_url
        say("done")
        if end:
            await end_holder(folder)
    _show(rows, output)
    if not end:
        console.print(Text(_how_to_go_on(url, folder)))
    return 0 if all(row.verdict is Verdict.HELD for row in rows) else 1


def _show(rows: list[Row], output: str) -> None:
    if output == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
    else:
        print_rows(rows)


def _how_to_go_on(url: str, folder: Path) -> str:
    """What to try while everything runs; the commands work as they are, from the same folder."""
    convoy = shlex.quote(sys.argv[0]) if Path(sys.argv[0]).name == "convoy" else "convoy"
    if home := os.environ.get("CONVOY_HOME"):
        convoy = f"CONVOY_HOME={shlex.quote(home)} {convoy}"
    return f"""
The clusters go on running. The page: {url}/productpage   (log in as jason, any password)
  export KUBECONFIG={shlex.quote(str(kubeconfig_path(folder)))}
  kubectl --context=cluster1 get pods
  {convoy} status
  {convoy} down      ends them"""
