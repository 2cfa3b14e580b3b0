"""Run a sample of two folders in copies of them, for the end-to-end tests and the benchmarks."""

import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from convoy.cli.local.errors import LocalMeshError
from convoy.cli.local.folders import load_folders
from convoy.cli.local.mesh import LocalMesh, MeshOptions, Report, start_mesh
from convoy.cli.local.ranges import cluster_spec
from convoy.cli.state import use_alone
from convoy.cluster.errors import WorldGoneError

SAMPLES = Path(__file__).parents[4] / "samples" / "bookinfo"
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
async def sample_mesh(
    samples: Path,
    state: Path,
    *,
    arguments: tuple[str, ...] = (),
    progress: Report,
    report: Report = print,
) -> AsyncIterator[LocalMesh]:
    """The running mesh of a sample; `arguments` are added to the control planes' argv."""
    with use_alone(state):
        folders = stage(samples, state / "clusters")
        options = MeshOptions(control_plane_arguments=arguments)
        try:
            async with start_mesh(folders, state, options=options, progress=progress, report=report) as mesh:
                yield mesh
        except* WorldGoneError as gone:  # the tasks that follow the folders notice it, too
            raise LocalMeshError(
                f"The running clusters are gone: try again; {state / 'world.log'} may say why."
            ) from gone
