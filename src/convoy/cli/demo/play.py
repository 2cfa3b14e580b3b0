"""Play the demo: stage the sample's folders, start the mesh, verify each promise, and report as it goes."""

import contextlib
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

from convoy.cli.demo.checks import CHECKS
from convoy.cli.demo.evidence import Row, run_check
from convoy.cli.demo.mesh import DemoMesh
from convoy.cli.demo.sabotage import SABOTAGES
from convoy.cli.local.errors import LocalMeshError
from convoy.cli.local.folders import load_folders
from convoy.cli.local.mesh import LocalMesh, MeshOptions, Report, start_mesh
from convoy.cli.local.ranges import cluster_spec
from convoy.cli.state import use_alone
from convoy.cluster.errors import WorldGoneError

CLUSTERS = ("cluster1", "cluster2")
NEEDED = (
    *CLUSTERS,
    "cluster1/reviews-global.yaml",
    "networking/reviews-global-127-255-0-3.yaml",
    "networking/reviews-global-by-name.yaml",
)


def stage(samples: Path, target: Path) -> dict[str, Path]:
    """Copy a sample's cluster folders to `target`, links followed, so that they can be edited.

    LocalMeshError for a folder that lacks a part or has problems, which are named as the user wrote them.
    """
    for part in NEEDED:
        if not (samples / part).exists():
            raise LocalMeshError(f"{samples} has no {part}: start from a copy of samples/bookinfo.")
    for name, folder in load_folders({name: samples / name for name in CLUSTERS}).items():
        cluster_spec(name, samples / name, folder.view)
    shutil.rmtree(target, ignore_errors=True)
    return {name: Path(shutil.copytree(samples / name, target / name, symlinks=False)) for name in CLUSTERS}


@contextlib.asynccontextmanager
async def demo_mesh(
    samples: Path,
    state: Path,
    *,
    sabotage: str = "",
    arguments: tuple[str, ...] = (),
    progress: Report,
    report: Report = print,
) -> AsyncIterator[LocalMesh]:
    """The running mesh of the demo, broken on purpose when a sabotage is named.

    `arguments` are added to the control planes' argv.
    """
    with use_alone(state):
        folders = stage(samples, state / "clusters")
        foreign: frozenset[str] = frozenset()
        if sabotage:
            chosen = SABOTAGES[sabotage]
            foreign = frozenset(filter(None, [chosen.foreign_root]))
            if chosen.edit:
                chosen.edit(state / "clusters")
        options = MeshOptions(foreign_roots=foreign, control_plane_arguments=arguments)
        try:
            async with start_mesh(folders, state, options=options, progress=progress, report=report) as mesh:
                yield mesh
        except* WorldGoneError as gone:  # the tasks that follow the folders notice it, too
            raise LocalMeshError(
                f"The running clusters are gone: try again; {state / 'world.log'} may say why."
            ) from gone


async def verify(mesh: DemoMesh, *, progress: Report) -> list[Row]:
    """Try every check once, in order."""
    rows: dict[str, Row] = {}
    for number, check in enumerate(CHECKS, start=1):
        progress(check.promise)
        rows[check.name] = await run_check(number, check, mesh, earlier=rows)
    return list(rows.values())


class Stopwatch:
    """Seconds since it was made, for progress lines."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __str__(self) -> str:
        return f"{time.monotonic() - self._start:5.1f} s"
