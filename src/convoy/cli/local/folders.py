"""The folders that clusters are made from: read, refused when broken, and checked against each other."""

from collections.abc import Mapping
from pathlib import Path

from convoy.api.meta import ClusterID
from convoy.api.problems import Problem, sort_problems
from convoy.cli.local.errors import LocalMeshError
from convoy.config.admission import Admit
from convoy.config.load import load_folder
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


def load_views(folders: Mapping[str, Path]) -> dict[str, ConfigView]:
    """The objects of each cluster's folder; LocalMeshError lists what is wrong in all of them."""
    views, errors = {}, []
    for name, folder in folders.items():
        views[name], problems, _ = load_folder(folder, admit=admission_of(name))
        errors += [str(problem) for problem in problems if problem.is_error]
    if errors:
        raise LocalMeshError(
            "The clusters cannot start with these problems in their folders:\n"
            + "\n".join(errors)
            + "\nCorrect them and try again; `convoy validate -f FOLDER` checks one folder."
        )
    return views


def find_mesh_problems(folders: Mapping[str, Path]) -> tuple[Problem, ...]:
    """What is wrong between the objects of each folder, and between what clusters expect of each other.

    None of it keeps a mesh from starting: a bad object costs only itself.
    """
    snapshots: dict[ClusterID, MeshSnapshot] = {}
    problems: list[Problem] = []
    for name, folder in folders.items():
        view, written, origins = load_folder(folder, admit=admission_of(name))
        snapshots[ClusterID(name)], found = build_snapshot(view, settings_of(name))
        problems += [*written, *map(origins.locate, found)]
    return sort_problems([*problems, *check_links(snapshots)])
