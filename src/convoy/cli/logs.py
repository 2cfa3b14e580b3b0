"""`convoy logs`: what the embedded clusters' own parts say (API servers, controllers, kubelets)."""

import os
import time
from pathlib import Path

import click

from convoy.cli.clusters.plans import world_path
from convoy.cli.local.errors import LocalMeshError

_LOOK_EVERY = 0.2


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with what is said from now on.")
@click.option(
    "--tail", type=click.IntRange(0), default=100, show_default=True, help="How many lines to begin with."
)
def logs(follow: bool, tail: int) -> None:
    """Print what the embedded clusters say of themselves; pods' logs are `kubectl logs`."""
    path = world_path() / "world.log"
    if not path.exists():
        raise LocalMeshError("There is no log yet: start clusters with `convoy up`.")
    position = _print_tail(path, tail)
    while follow:
        position = _print_from(path, position)
        time.sleep(_LOOK_EVERY)


def _print_tail(path: Path, count: int) -> int:
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    click.echo(b"".join(lines[max(len(lines) - count, 0) :]), nl=False)
    return len(data)


def _print_from(path: Path, position: int) -> int:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size < position:
            position = 0  # it was cut, or another world began
        file.seek(position)
        data = file.read()
    click.echo(data, nl=False)
    return position + len(data)
