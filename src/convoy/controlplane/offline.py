"""The whole pipeline over a folder, once, without serving anything: for `translate`, `validate` and tests."""

from pathlib import Path

from convoy.config.load import load_folder
from convoy.config.store import Held
from convoy.controlplane.admission import admit_pods
from convoy.controlplane.pipeline import Published, build_state
from convoy.kit.clock import SYSTEM_CLOCK
from convoy.mesh.model import MeshSettings
from convoy.xds.cache.memo import Memo


def translate_folder(folder: Path, settings: MeshSettings) -> Published:
    """What a control plane of this folder would serve. FolderError when the folder cannot be read."""
    view, problems, origins = load_folder(folder, admit=admit_pods(settings))
    return build_state(
        Held(view, problems, origins), settings, previous=None, memo=Memo(), now=SYSTEM_CLOCK.now()
    )
