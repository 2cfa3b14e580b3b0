"""Where Convoy keeps what must outlive a command: `$CONVOY_HOME`."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from convoy.cli.local.errors import LocalMeshError


def home() -> Path:
    """`$CONVOY_HOME`, or `$XDG_STATE_HOME/convoy`, or `~/.local/state/convoy`; absolute.

    LocalMeshError for a user without a home folder.
    """
    if chosen := os.environ.get("CONVOY_HOME"):
        return Path(chosen).absolute()
    if base := os.environ.get("XDG_STATE_HOME"):
        return Path(base).absolute() / "convoy"
    try:
        return Path.home() / ".local" / "state" / "convoy"
    except RuntimeError:
        raise LocalMeshError(
            "You have no home folder: set CONVOY_HOME to a folder for Convoy's state."
        ) from None


def state_path(name: str) -> Path:
    """The folder of the home for one purpose, whether it exists or not."""
    return home() / name


def state_folder(name: str) -> Path:
    """A folder of the home for one purpose, made when missing and private to the user.

    LocalMeshError when it cannot be made or written to.
    """
    folder = state_path(name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise _unusable(folder, "Permission denied")
    return folder


@contextlib.contextmanager
def use_alone(folder: Path) -> Iterator[None]:
    """Keep other processes from using a state folder; LocalMeshError when one does. Ends with the process."""
    try:
        lock = os.open(folder / "in-use", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise LocalMeshError(
            f"A demo is being played from {folder}: wait for its end, "
            "or set CONVOY_HOME to another folder for a second one beside it."
        ) from None
    try:
        yield
    finally:
        os.close(lock)


def _unusable(folder: Path, reason: str) -> LocalMeshError:
    return LocalMeshError(
        f"{folder} cannot keep Convoy's state ({reason}): set CONVOY_HOME to a folder that you may write to."
    )
