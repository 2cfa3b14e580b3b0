"""Run a command as an ordinary user, from root, with this checkout and this Python readable to that user.

`python -m tests.cluster.ordinary_user FOLDER COMMAND...`; FOLDER is given to the user to write in.

Folders that others may not enter are covered by an empty one, in a mount namespace of the command's own,
and what it needs below them is bound back. A tree with files closed to others is bound from an open copy.
"""

import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from convoy.cluster.linux import syscalls

NOBODY = 65534
_CHECKOUT = Path(__file__).parents[2]
_NEEDED_OF_CHECKOUT = ("src", "tests", "samples", "pyproject.toml")


def run_as_ordinary_user(folder: Path, command: list[str]) -> None:
    """Replace this process by `command`, as nobody."""
    shutil.chown(folder, NOBODY, NOBODY)
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    needed = [
        Path(sys.base_prefix).resolve(),
        Path(sys.prefix),
        *(_CHECKOUT / name for name in _NEEDED_OF_CHECKOUT),
    ]
    opened = {path: os.open(_open_to_others(path, folder), os.O_PATH) for path in needed if path.exists()}
    for closed in sorted({_closed_ancestor(path) for path in needed} - {None}, key=str):
        syscalls.mount("tmpfs", str(closed), "tmpfs", data="mode=755")
    for path, handle in opened.items():
        _bind_back(handle, path)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    os.environ.update(HOME=str(folder), TMPDIR=str(folder))
    os.chdir(_CHECKOUT)
    os.execv(command[0], command)


def _closed_ancestor(path: Path) -> Path | None:
    """The topmost folder above `path` that others may not enter."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None


def _open_to_others(path: Path, folder: Path) -> Path:
    """`path`, or an open copy of it in `folder` if some file in it is closed to others."""
    if all(_is_open(entry) for entry in (path, *path.rglob("*"))):
        return path
    copy = Path(tempfile.mkdtemp(dir=folder)) / path.name
    if path.is_dir():
        shutil.copytree(path, copy, symlinks=True)
    else:
        shutil.copy(path, copy)
    for entry in (copy, *copy.rglob("*")):
        if not entry.is_symlink():
            entry.chmod(_opened(entry.stat().st_mode))
    return copy


def _opened(mode: int) -> int:
    """Everybody may do what the owner may, but write."""
    owners = mode & 0o500
    return mode | owners >> 3 | owners >> 6


def _is_open(entry: Path) -> bool:
    mode = entry.lstat().st_mode
    if stat.S_ISLNK(mode):
        return True
    return bool(mode & stat.S_IROTH) and (not stat.S_ISDIR(mode) or bool(mode & stat.S_IXOTH))


def _bind_back(handle: int, path: Path) -> None:
    if not path.exists():
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    syscalls.mount(f"/proc/self/fd/{handle}", str(path), flags=syscalls.MS_BIND | syscalls.MS_REC)


if __name__ == "__main__":
    run_as_ordinary_user(Path(sys.argv[1]), sys.argv[2:])
