"""Play the article on two fresh clusters, and verify each promise where the story has come to it."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from convoy.cli.demo import promises, steps
from convoy.cli.demo.evidence import Check, Row, run_check
from convoy.cli.demo.script import Script
from convoy.cli.demo.stage import Stage
from convoy.cli.demo.worlds import fresh_world, install_meshes, start_clusters

Say = Callable[[str], None]


@asynccontextmanager
async def open_stage(folder: Path, script: Script, *, sample: int, say: Say) -> AsyncIterator[Stage]:
    """Two clusters with the mesh, nothing deployed yet. They go on after the block unless it fails."""
    async with fresh_world(folder) as world:
        await start_clusters(world, folder, say=say)
        await install_meshes(folder, foreign=script.foreign_root, say=say)
        async with Stage(world, folder, script, sample=sample) as stage:
            yield stage


async def play(stage: Stage, *, say: Say) -> list[Row]:
    """Go through the article step by step; gives the rows of the table by number."""
    rows: dict[str, Row] = {}
    await steps.deploy_applications(stage, say)
    await _verify(stage, promises.AFTER_DEPLOYING, rows, say=say)
    await steps.open_ingress(stage, say)
    await _verify(stage, promises.WHILE_ALONE, rows, say=say)
    await steps.find_gateway(stage, say)
    await _verify(stage, promises.WHEN_FOUND, rows, say=say)
    await steps.connect_clusters(stage, say)
    await steps.stop_control_plane(stage, say)
    await _verify(stage, promises.CONNECTED, rows, say=say)
    return sorted(rows.values(), key=lambda row: row.number)


async def _verify(stage: Stage, checks: Sequence[Check[Stage]], rows: dict[str, Row], *, say: Say) -> None:
    for check in checks:
        say(f"{check.number}: {check.promise}?")
        rows[check.name] = await run_check(check, stage, earlier=rows)


class Stopwatch:
    """Seconds since it was made, for progress lines."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __str__(self) -> str:
        return f"{time.monotonic() - self._start:5.1f} s"
