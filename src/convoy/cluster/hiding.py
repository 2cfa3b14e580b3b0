"""What of this machine no pod may see, although the user whose programs run in it may.

A pod sees the machine's files, and runs as the user who started the world. Keys and passwords lie in few
places: the entries of home folders whose names begin with a dot, and, for root, some below /etc and /var/lib.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

_MACHINES = (
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/kubernetes",
    "/etc/rancher",
    "/var/lib/kubelet",
    "/var/lib/rancher",
)


def hidden_from(kept: Iterable[str]) -> list[str]:
    """The files and folders of this machine to cover in a pod that needs to see what is `kept`."""
    return secret_places(kept, home=os.path.expanduser("~"), homes="/home", settings="/etc")


def secret_places(kept: Iterable[str], *, home: str, homes: str, settings: str) -> list[str]:
    """Files and folders to cover in a pod.

    `home` is the user's own home folder, `homes` the folder of everybody's, `settings` that of the machine's.
    What is `kept`, and what lies below it, is not among them; folders above it are.
    """
    places = [*_MACHINES, *_closed(settings)]
    for folder in dict.fromkeys([home, *_folders(homes)]):
        places += _dotted(os.path.realpath(folder))
    wanted = [Path(os.path.realpath(path)) for path in kept]
    return [place for place in places if not any(Path(place).is_relative_to(path) for path in wanted)]


def _dotted(home: str) -> Iterator[str]:
    """The entries of a home that begin with a dot; where one is a link, what in the home it leads to."""
    for entry in _entries(home if home != "/" else ""):
        place = os.path.realpath(entry.path)
        if entry.name.startswith(".") and place.startswith(home + "/"):
            yield place


def _closed(folder: str) -> Iterator[str]:
    """The entries that others than their owner and group may not read."""
    for entry in _entries(folder):
        if not entry.is_symlink() and not entry.stat().st_mode & stat.S_IROTH:
            yield entry.path


def _folders(folder: str) -> list[str]:
    return [entry.path for entry in _entries(folder) if entry.is_dir(follow_symlinks=False)]


def _entries(folder: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:  # there is none, or not for us to look into
        return []
