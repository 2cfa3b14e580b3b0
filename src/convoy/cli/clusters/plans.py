"""Which clusters there are to be, as `convoy up` was told; remembered, so that a later `up` brings them back.

The host's port of each API server is part of it: kubectl's caches and the user's own kubeconfigs go by it.
"""

from pathlib import Path

import msgspec

from convoy.cli.clusters.addresses import is_held
from convoy.cli.local.errors import LocalMeshError
from convoy.cli.state import state_folder, state_path

_FOLDER = "world"
_FILE = "clusters.json"
DEFAULT_CLUSTERS = ("cluster1", "cluster2")


class ClusterPlan(msgspec.Struct, frozen=True):
    """One cluster; `port` 0 until it got one."""

    name: str
    nodes: int = 1
    ephemeral: bool = False
    port: int = 0


def world_path() -> Path:
    """The state folder of the embedded clusters that commands are about, whether it exists or not.

    These are the user's own; those of the demo when it alone runs.
    """
    own, demo = state_path(_FOLDER), demo_path()
    return demo if is_held(demo) and not is_held(own) else own


def demo_path() -> Path:
    """The state folder of the demo's clusters, whether it exists or not."""
    return state_path("demo") / _FOLDER


def world_folder() -> Path:
    """The state folder of the user's own clusters, made if need be; LocalMeshError when it cannot be."""
    return state_folder(_FOLDER)


def load_plans(folder: Path) -> tuple[ClusterPlan, ...]:
    """What is remembered; nothing when nothing was started yet. LocalMeshError for a spoiled file."""
    path = folder / _FILE
    if not path.exists():
        return ()
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[ClusterPlan, ...])
    except msgspec.DecodeError as error:
        raise LocalMeshError(
            f"{path} cannot be read ({error}): remove it, and name your clusters with --clusters."
        ) from None


def save_plans(folder: Path, plans: tuple[ClusterPlan, ...]) -> None:
    """Remember these."""
    path = folder / _FILE
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(plans), indent=1))
    fresh.replace(path)
