"""Which files under a folder hold objects, and whether they changed since they were last looked at."""

import os
import stat
from pathlib import Path

import msgspec

SUFFIXES = (".yaml", ".yml", ".json")


class Stamp(msgspec.Struct, frozen=True):
    """Differs when a file was written or replaced, unless within one tick of the kernel's clock."""

    modified: int
    changed: int
    inode: int
    size: int


class Scan(msgspec.Struct, frozen=True):
    """Files in the order of their names, the folders passed, and what could not be read, with the reason."""

    files: dict[str, Stamp]
    folders: tuple[str, ...]
    unreadable: dict[str, str]


def scan_folder(folder: Path) -> Scan:
    """Every YAML and JSON file under a folder, or the file itself when it is one.

    Hidden files and folders are left out, links to files are followed, links to folders are not: that is what
    a mounted ConfigMap needs, whose visible files are links into hidden folders.
    """
    if not os.path.isdir(folder):
        return _scan_file(str(folder))
    files: dict[str, Stamp] = {}
    folders: list[str] = []
    unreadable: dict[str, str] = {}

    def refuse(error: OSError) -> None:
        unreadable[str(error.filename)] = error.strerror or "unknown reason"

    for parent, children, names in os.walk(folder, onerror=refuse):
        children[:] = sorted(child for child in children if not child.startswith("."))
        folders.append(parent)
        for name in names:
            if name.startswith(".") or not name.endswith(SUFFIXES):
                continue
            path = os.path.join(parent, name)
            try:
                found = os.stat(path)
            except FileNotFoundError:
                continue
            except OSError as e:
                refuse(e)
                continue
            if stat.S_ISREG(found.st_mode):
                files[path] = _stamp(found)
    return Scan(dict(sorted(files.items())), tuple(folders), unreadable)


def _scan_file(path: str) -> Scan:
    """A file named by the user may also be a pipe, as in `-f <(command)`."""
    try:
        return Scan({path: _stamp(os.stat(path))}, (), {})
    except OSError as e:
        return Scan({}, (), {path: e.strerror or "unknown reason"})


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size)
