"""The folders that clusters are made from: read, refused when broken, and checked against each other."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from convoy.api.meta import ClusterID
from convoy.api.problems import Problem, sort_problems
from convoy.cli.local.errors import LocalMeshError
from convoy.config.admission import Admit
from convoy.config.load import load_folder
from convoy.config.origins import Origins
from convoy.config.view import ConfigView
from convoy.controlplane.admission import admit_pods
from convoy.mesh.links import check_links
from convoy.mesh.model import MeshSettings, MeshSnapshot
from convoy.mesh.snapshot import build_snapshot


def settings_of(name: str) -> MeshSettings:
    """The mesh settings of a local cluster."""
    return MeshSettings(cluster_id=ClusterID(name))


def admission_of(name: str) -> Admit:
    """Injection as a local cluster does it."""
    return admit_pods(settings_of(name))


class LoadedFolder(msgspec.Struct, frozen=True):
    """What a folder holds: its objects, warnings about them, and where each was written."""

    view: ConfigView
    problems: tuple[Problem, ...]
    origins: Origins


def load_folders(folders: Mapping[str, Path]) -> dict[str, LoadedFolder]:
    """The objects of each cluster's folder; LocalMeshError lists what is wrong in all of them."""
    loaded = {
        name: LoadedFolder(*load_folder(folder, admit=admission_of(name))) for name, folder in folders.items()
    }
    errors = [str(problem) for each in loaded.values() for problem in each.problems if problem.is_error]
    if errors:
        raise LocalMeshError(
            "The clusters cannot start with these problems in their folders:\n"
            + "\n".join(errors)
            + "\nCorrect them and try again; `convoy validate -f FOLDER` checks one folder."
        )
    return loaded


def find_mesh_problems(folders: Mapping[str, LoadedFolder]) -> tuple[Problem, ...]:
    """What is wrong between the objects of each folder, and between what clusters expect of each other.

    None of it keeps a mesh from starting: a bad object costs only itself.
    """
    snapshots: dict[ClusterID, MeshSnapshot] = {}
    problems: list[Problem] = []
    for name, folder in folders.items():
        snapshots[ClusterID(name)], found = build_snapshot(folder.view, settings_of(name))
        problems += [*folder.problems, *map(folder.origins.locate, found)]
    return sort_problems([*problems, *check_links(snapshots)])
