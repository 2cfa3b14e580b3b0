"""The demo's mesh, running for a benchmark, and how its times are printed."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import click

from convoy.cli.local.sample_mesh import SampleMesh
from convoy.cli.local.staging import SAMPLES, sample_mesh


@contextlib.asynccontextmanager
async def running_demo() -> AsyncIterator[SampleMesh]:
    """The Bookinfo sample on two clusters, with a state folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="convoy-bench-") as state:
        async with sample_mesh(
            SAMPLES, Path(state), progress=lambda text: click.echo(f"... {text}")
        ) as local:
            yield await SampleMesh.open(local, SAMPLES)


def milliseconds_of(times: Sequence[float]) -> str:
    """p50, p99 and the worst of some seconds, in milliseconds."""
    ordered = [round(seconds * 1000) for seconds in sorted(times)]
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return f"p50 {p50} ms, p99 {p99} ms, worst {ordered[-1]} ms"
