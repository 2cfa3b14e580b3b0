"""Where Convoy keeps what must outlive a command: `$CONVOY_HOME`."""

import os
from pathlib import Path


def home() -> Path:
    """`$CONVOY_HOME`, or `$XDG_STATE_HOME/convoy`, or `~/.local/state/convoy`."""
    if chosen := os.environ.get("CONVOY_HOME"):
        return Path(chosen)
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "convoy"


def state_folder(name: str) -> Path:
    """A folder of the home for one purpose, made when missing and private to the user."""
    folder = home() / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
