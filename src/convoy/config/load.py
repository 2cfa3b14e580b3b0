"""Objects from folders and files, read once: for commands that need no running control plane."""

import sys
from collections.abc import Iterable
from pathlib import Path

from convoy.api.problems import Problem
from convoy.config.admission import Admit
from convoy.config.errors import FolderError
from convoy.config.folder import Folder
from convoy.config.origins import Origins
from convoy.config.sources.scanning import scan_folder
from convoy.config.store import Composer
from convoy.config.view import ConfigView

STANDARD_INPUT = "-"


def load_folder(
    folder: Path, *, admit: Admit | None = None
) -> tuple[ConfigView, tuple[Problem, ...], Origins]:
    """The objects under a folder (or in one file), what is wrong with the others, and where each was written.

    FolderError when the folder itself cannot be read.
    """
    return load_paths([str(folder)], admit=admit)


def load_paths(
    paths: Iterable[str], *, admit: Admit | None = None
) -> tuple[ConfigView, tuple[Problem, ...], Origins]:
    """The same for several files and folders as one set of objects; `-` is standard input."""
    found = Folder()
    for path in paths:
        if path == STANDARD_INPUT:
            found.read("standard input", sys.stdin.buffer.read())
        else:
            _load(found, Path(path))
    held = Composer(admit).compose(found.contents())
    return held.view, held.problems, held.origins


def _load(found: Folder, path: Path) -> None:
    scan = scan_folder(path)
    if str(path) in scan.unreadable:
        raise FolderError(f"{path} cannot be read: {scan.unreadable[str(path)]}.")
    for name, reason in scan.unreadable.items():
        found.fail(name, reason)
    for name in scan.files:
        try:
            found.read(name, Path(name).read_bytes())
        except OSError as e:
            if name == str(path):
                raise FolderError(f"{path} cannot be read: {e.strerror}.") from e
            found.fail(name, str(e.strerror))
