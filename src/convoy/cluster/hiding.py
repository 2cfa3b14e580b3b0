"""What of this machine no pod may see, although the user whose programs run in it may.

A pod sees the machine's files, and runs as the user who started the world. Keys and passwords lie in few
places: the entries of home folders whose names begin with a dot, and, for root, some below /etc and /var/lib.
"""

import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
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
    return secret_places(kept, own_homes=_own_homes(), homes="/home", settings="/etc")


def _own_homes() -> Iterator[str]:
    """Where the user's home is said to be, and where it is registered: HOME may be set to another place."""
    yield os.path.expanduser("~")
    with suppress(KeyError):
        yield pwd.getpwuid(os.geteuid()).pw_dir


def secret_places(kept: Iterable[str], *, own_homes: Iterable[str], homes: str, settings: str) -> list[str]:
    """Files and folders to cover in a pod.

    `own_homes` are the user's home folders, `homes` has everybody's, `settings` those of the machine.
    What is `kept`, and what lies below it, is not among them; folders above it are.
    """
    places = [*_MACHINES, *_closed(settings)]
    for folder in dict.fromkeys(os.path.realpath(path) for path in (*own_homes, *_folders(homes))):
        places += _dotted(folder)
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
