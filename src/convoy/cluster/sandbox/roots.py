"""A container's own root: this machine's files read-only, and on top what is the container's alone.

The root folder, /run, /tmp, /var/tmp and /dev are fresh; everything else of the pod's view is bound in. A
folder that must grow a mount point (/etc/app, /usr/share/nginx/html) is replaced by a mirror: a tmpfs with
every entry of the folder bound or linked in it. That works on any kernel and as an ordinary user, where a
layered file system need not, and keeps what is mounted below.

Called in the child that becomes the container, in its own mount namespace, seen from the pod's root.
"""

import os
from collections.abc import Iterable

from convoy.cluster.linux import syscalls
from convoy.cluster.sandbox.mounts import (
    FILES,
    PRIVATE,
    PTS,
    STAGING,
    MountError,
    existing_sub_path,
    set_read_only,
)
from convoy.cluster.sandbox.plan import MountPlan, RootPlan

_OLD = "/.convoy-old"
_NODES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
_REPLACED = ("run", "tmp", "dev")
_QUIET = syscalls.MS_NOSUID | syscalls.MS_NODEV


def enter_root(plan: RootPlan, mounts: list[MountPlan]) -> None:
    """Make this process's root the container's own, with its volumes; the pod's is out of reach after it."""
    made = ["/", *_change_root()]
    for path in plan["kept"]:
        _bind_kept(path)
    for path in FILES:
        _bind_file(path)
    if plan["termination"]:
        made += _bind(f"{STAGING}/{plan['termination']}", plan["termination_path"])
    for mount in mounts:
        made += _mount_volume(mount)
    syscalls.unmount(_OLD, flags=syscalls.MNT_DETACH)
    os.rmdir(_OLD)
    if plan["read_only"]:
        taken = {os.path.realpath(mount["path"]) for mount in mounts}
        for path in made:
            if path not in taken:
                set_read_only(path)


def _change_root() -> list[str]:
    """Put a fresh root in place of the pod's, which stays at `_OLD`; gives the other fresh folders."""
    new = f"{STAGING}/root"
    _fresh(new, mode="755")
    for entry in os.scandir("/"):
        if entry.name not in _REPLACED:
            _clone(entry.path, f"{new}/{entry.name}")
    os.mkdir(f"{new}{_OLD}", 0o700)
    syscalls.pivot_root(new, f"{new}{_OLD}")
    os.chdir("/")
    fresh = [path for path in PRIVATE if path not in ("/dev/shm", "/run") and _is_folder(_OLD + path)]
    for path in (*fresh, "/run"):
        os.makedirs(path, exist_ok=True)
        _fresh(path, mode="755" if path == "/run" else "1777")
    if not os.path.islink("/var/run") and os.path.isdir("/var/run"):
        syscalls.mount("/run", "/var/run", flags=syscalls.MS_BIND)
    os.makedirs("/run/lock", mode=0o1777, exist_ok=True)
    _make_devices()
    return [*fresh, "/run"]


def _fresh(path: str, *, mode: str) -> None:
    syscalls.mount("tmpfs", path, "tmpfs", flags=_QUIET, data=f"mode={mode}")


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _make_devices() -> None:
    """The few devices that every container has, and none of this machine's others."""
    os.mkdir("/dev", 0o755)
    _fresh("/dev", mode="755")
    for name in _NODES:
        _clone(f"{_OLD}/dev/{name}", f"/dev/{name}")
    for name, target in _LINKS.items():
        os.symlink(target, f"/dev/{name}")
    for source, target in ((PTS, "/dev/pts"), ("/dev/shm", "/dev/shm")):
        if os.path.isdir(_OLD + source):
            os.mkdir(target)
            syscalls.mount(_OLD + source, target, flags=syscalls.MS_BIND)


def _clone(source: str, target: str) -> None:
    """Show `source` at `target`, which does not exist yet; entries that cannot be read are left out."""
    try:
        if os.path.islink(source):
            os.symlink(os.readlink(source), target)
            return
        if os.path.isdir(source):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
        syscalls.mount(source, target, flags=syscalls.MS_BIND | syscalls.MS_REC)
    except FileNotFoundError:  # it went while we looked
        return


def _bind_kept(path: str) -> None:
    """Bring back what must be seen below one of the fresh folders."""
    if not os.path.lexists(path) and os.path.exists(_OLD + path):
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        _clone(_OLD + path, path)


def _bind_file(path: str) -> None:
    """The pod's /etc/resolv.conf or /etc/hosts, where it is a link into one of the fresh folders."""
    real = os.path.realpath(path)
    if any(real.startswith(folder + "/") for folder in PRIVATE) and os.path.exists(_OLD + real):
        os.makedirs(os.path.dirname(real), mode=0o755, exist_ok=True)
        if not os.path.exists(real):
            _clone(_OLD + real, real)


def _mount_volume(mount: MountPlan) -> list[str]:
    source = f"{STAGING}/volumes/{mount['volume']}"
    if mount["sub_path"]:
        source = existing_sub_path(_OLD + source, mount["sub_path"]).removeprefix(_OLD)
    made = _bind(source, mount["path"])
    if mount["read_only"]:
        set_read_only(mount["path"])
    return made


def _bind(source: str, target: str) -> list[str]:
    """Bind what the pod's root has at `source`; gives the folders that became mirrors for it."""
    made = _make_target(target, is_folder=os.path.isdir(_OLD + source))
    syscalls.mount(_OLD + source, target, flags=syscalls.MS_BIND | syscalls.MS_REC)
    return made


def _make_target(target: str, *, is_folder: bool) -> list[str]:
    real = os.path.realpath(target)
    if os.path.exists(real):
        if os.path.isdir(real) != is_folder:
            what = "a folder" if is_folder else "a file"
            raise MountError(f"mountPath {target} exists, but {what} is to be mounted there")
        return []
    made: list[str] = []
    missing = list(_missing(real))
    if not os.access(os.path.dirname(missing[0]), os.W_OK):
        made.append(_mirror(os.path.dirname(missing[0])))
    for folder in missing if is_folder else missing[:-1]:
        os.mkdir(folder, 0o755)
    if not is_folder:
        os.close(os.open(real, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    return made


def _missing(path: str) -> Iterable[str]:
    """The folders of `path`, and itself, that do not exist, outer ones first."""
    parts: list[str] = []
    while not os.path.exists(path):
        parts.append(path)
        path = os.path.dirname(path)
    return reversed(parts)


def _mirror(folder: str) -> str:
    """Put a writable folder of the same content in the place of one that cannot be written."""
    scratch = f"{_OLD}{STAGING}/mirror"
    _fresh(scratch, mode="755")
    try:
        for entry in os.scandir(folder):
            _clone(entry.path, f"{scratch}/{entry.name}")
    except PermissionError as error:
        raise MountError(f"{folder} cannot be read, so nothing can be mounted below it") from error
    syscalls.mount(scratch, folder, flags=syscalls.MS_MOVE)
    return folder
