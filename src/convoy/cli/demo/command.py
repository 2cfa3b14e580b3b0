"""`convoy demo`."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from convoy.cli.demo.evidence import Row, Verdict
from convoy.cli.demo.mesh import DemoMesh
from convoy.cli.demo.play import Stopwatch, demo_mesh, verify, wait_forever
from convoy.cli.demo.sabotage import SABOTAGES
from convoy.cli.state import state_folder

SAMPLES = Path(__file__).parents[4] / "samples" / "bookinfo"
MARKS = {
    Verdict.HELD: "[green]held[/]",
    Verdict.FAILED: "[bold red]FAILED[/]",
    Verdict.NOT_REACHED: "[dim]not reached[/]",
}


@click.command()
@click.option(
    "--from",
    "samples",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=SAMPLES,
    help="The folder with cluster1, cluster2 and networking; the Bookinfo sample by default.",
)
@click.option(
    "--sabotage", type=click.Choice(sorted(SABOTAGES)), default=None, help="Break one thing on purpose."
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=1,
    help="At least so many requests as jason; never fewer than reject 60/40.",
)
@click.option("--keep", is_flag=True, help="Leave everything running until Ctrl-C.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
def demo(samples: Path, sabotage: str | None, sample: int, keep: bool, output: str) -> None:
    """Two clusters on this machine, version routing between them, verified by real requests."""
    play = _play(samples, sabotage=sabotage or "", sample=sample, keep=keep, output=output)
    sys.exit(asyncio.run(_until_signalled(play)))


async def _until_signalled(play: Coroutine[Any, Any, int]) -> int:
    """Run the demo; SIGINT and SIGTERM end it in good order with the usual exit codes."""
    task = asyncio.create_task(play)
    received: list[int] = []

    def stop(number: int) -> None:
        received.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return 128 + received[0] if received else 1


async def _play(samples: Path, *, sabotage: str, sample: int, keep: bool, output: str) -> int:
    console, watch = Console(stderr=True, highlight=False), Stopwatch()

    def progress(text: str) -> None:
        console.print(f"[dim]{watch}[/]  {text} ...")

    state = state_folder("demo")
    async with demo_mesh(samples, state, sabotage=sabotage, progress=progress) as local:
        mesh = await DemoMesh.open(local, samples, sample=sample)
        rows = await verify(mesh, progress=progress)
        console.print(f"[dim]{watch}[/]  done")
        _show(rows, output)
        if keep:
            _say_how_to_look(console, mesh.ingress_url, state)
            await wait_forever()
    return 0 if all(row.verdict is Verdict.HELD for row in rows) else 1


def _show(rows: list[Row], output: str) -> None:
    if output == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
        return
    table = Table(title="Version routing across two clusters", title_justify="left", show_lines=True)
    table.add_column("#", justify="right")
    table.add_column("promise", ratio=2)
    table.add_column("verdict", no_wrap=True)
    table.add_column("evidence", ratio=4)
    for row in rows:
        table.add_row(str(row.number), row.promise, MARKS[row.verdict], row.evidence)
    Console(width=max(100, Console().width) if not sys.stdout.isatty() else None, highlight=False).print(
        table
    )


def _say_how_to_look(console: Console, url: str, state: Path) -> None:
    console.print(f"\nThe page:     {url}/productpage   (log in as jason, any password)")
    console.print(f"The folders:  {state / 'clusters'}   (edit a file; the next request follows it)")
    console.print(
        "Look inside:  convoy proxy-status; convoy proxy-config route productpage-v1 --cluster cluster1"
    )
    console.print("Ctrl-C ends everything.")
