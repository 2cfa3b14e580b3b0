"""A pod's view of the file system: this machine's, read-only, with the private parts replaced.

Below /run, /tmp, /var/tmp and /dev/shm a pod has a tmpfs of its own; the state folder and places of secrets
are covered by empty ones. Paths that programs need although they lie below one of those (the Python
installation, say) are bound back.

Volumes are kept in a staging folder that only the pod's init sees: each container binds those it mounts and
then detaches the rest, so a secret is seen by the containers that mount it and by no other. Kernels before
5.12 cannot make a whole tree read-only at once; there the machine's files stay writable by their owner.

Files of a volume are kept the way the kubelet does it, because programs that watch them rely on it: `key` is
a link to `..data/key`, and `..data` a link to a folder that is replaced as a whole.
"""

import base64
import errno
import os
import shutil
from collections.abc import Iterable

from convoy.cluster.linux import syscalls
from convoy.cluster.sandbox.plan import FilePlan, MountPlan, PodPlan, VolumePlan

STAGING = "/run/.convoy"
PTS = f"{STAGING}/pts"  # the pod's own terminals
FILES = ("/etc/resolv.conf", "/etc/hosts")
PRIVATE = ("/run", "/tmp", "/var/tmp", "/dev/shm")
_GUARDED_PROC = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus")


class MountError(Exception):
    """A volume or file cannot be placed; the text is a sentence."""


def furnish(plan: PodPlan) -> None:
    """Set up the calling process's own, already unshared, mount namespace for its pod."""
    syscalls.mount("proc", "/proc", "proc", flags=_QUIET)
    handles = _open_handles(plan)
    _protect_machine()
    private = [path for path in PRIVATE if os.path.isdir(path) and not os.path.islink(path)]
    for path in private:
        _cover(path, plan["kept"], handles, mode="1777" if path != "/run" else "755")
    if not os.path.islink("/var/run") and os.path.isdir("/var/run"):
        syscalls.mount("/run", "/var/run", flags=syscalls.MS_BIND | syscalls.MS_REC)
    for path in plan["hidden"]:
        if path not in plan["kept"]:
            _hide(path, plan["kept"], handles)
    _make_staging(plan["volumes"], handles)
    for path, text in zip(FILES, (plan["resolv_conf"], plan["hosts"]), strict=True):
        _place_file(path, text, private=private)
    for handle in handles.values():
        os.close(handle)


def write_files(volume: str, files: dict[str, FilePlan], *, group: int | None = None) -> None:
    """Make `files`, by relative path, the content of a volume, all at once; readable by `group` if given."""
    root = f"{STAGING}/volumes/{volume}"
    for relative in files:
        if not os.path.normpath(f"{root}/{relative}").startswith(root + "/"):
            raise MountError(f'volume {volume}: path "{relative}" leads out of the volume')
    previous = os.readlink(f"{root}/..data") if os.path.islink(f"{root}/..data") else ""
    number = int(previous.rpartition("_")[2] or 0) + 1
    fresh = f"..data_{number}"
    os.mkdir(f"{root}/{fresh}", 0o755)
    for relative, file in files.items():
        _write_file(os.path.normpath(f"{root}/{fresh}/{relative}"), file, group)
    _link(fresh, f"{root}/..data")
    _link_names(root, {os.path.normpath(relative).partition("/")[0] for relative in files})
    if previous:
        shutil.rmtree(f"{root}/{previous}")


def _write_file(path: str, file: FilePlan, group: int | None) -> None:
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    mode = file["mode"] if group is None else file["mode"] | 0o440
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(base64.b64decode(file["content"]))
        if group is not None:
            os.fchown(stream.fileno(), -1, group)
        os.fchmod(stream.fileno(), mode)


def _link_names(root: str, names: set[str]) -> None:
    for name in names:
        if not os.path.islink(f"{root}/{name}"):
            _link(f"..data/{name}", f"{root}/{name}")
    for name in os.listdir(root):
        if not name.startswith("..") and name not in names:
            os.unlink(f"{root}/{name}")


def _link(target: str, path: str) -> None:
    fresh = f"{path}_tmp"
    os.symlink(target, fresh)
    os.rename(fresh, path)


def read_message(name: str, *, at_most: int) -> bytes:
    """The first bytes of a file of the pod's that a container wrote; empty when there is none."""
    try:
        with open(f"{STAGING}/{name}", "rb") as file:
            return file.read(at_most)
    except FileNotFoundError:
        return b""


def make_message_file(name: str) -> None:
    """An empty file that any user of a container may write."""
    path = f"{STAGING}/{name}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        os.fchmod(file.fileno(), 0o666)


def mount_volumes(mounts: list[MountPlan]) -> None:
    """Bind a container's volumes in its own mount namespace, then detach the staging folder."""
    for mount in mounts:
        source = f"{STAGING}/volumes/{mount['volume']}"
        if mount["sub_path"]:
            source = existing_sub_path(source, mount["sub_path"])
        _make_target(mount["path"], like=source)
        syscalls.mount(source, mount["path"], flags=syscalls.MS_BIND | syscalls.MS_REC)
        if mount["read_only"]:
            set_read_only(mount["path"])
    syscalls.unmount(STAGING, flags=syscalls.MNT_DETACH)


_QUIET = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC


def _open_handles(plan: PodPlan) -> dict[str, int]:
    """Descriptors of what must be reached after the folders above it are covered."""
    wanted = [*plan["kept"], *(volume["host_path"] for volume in plan["volumes"] if volume["host_path"])]
    return {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in wanted if os.path.exists(path)}


def _protect_machine() -> None:
    try:
        syscalls.set_read_only("/", recursive=True)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    for path in _GUARDED_PROC:
        if os.path.exists(path):
            syscalls.mount(path, path, flags=syscalls.MS_BIND)
            set_read_only(path)


def set_read_only(path: str) -> None:
    """Make the mount at `path` read-only, on any kernel."""
    try:
        syscalls.set_read_only(path)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        syscalls.mount("", path, flags=syscalls.MS_BIND | syscalls.MS_REMOUNT | syscalls.MS_RDONLY)


def _cover(path: str, kept: Iterable[str], handles: dict[str, int], *, mode: str) -> None:
    """Mount an empty tmpfs over `path`, then bind back what must stay visible below it."""
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("tmpfs", path, "tmpfs", flags=flags, data=f"mode={mode}")
    for keep in sorted(kept):
        if keep.startswith(path + "/") and keep in handles and not os.path.exists(keep):
            _bind_handle(handles[keep], keep)


def _hide(path: str, kept: Iterable[str], handles: dict[str, int]) -> None:
    """Put an empty folder or file in the place of one that a pod may not see."""
    if os.path.isdir(path):
        _cover(path, kept, handles, mode="755")
    elif os.path.exists(path):
        syscalls.mount("/dev/null", path, flags=syscalls.MS_BIND)


def _bind_handle(handle: int, target: str) -> None:
    source = f"/proc/self/fd/{handle}"
    _make_target(target, like=source)
    syscalls.mount(source, target, flags=syscalls.MS_BIND | syscalls.MS_REC)


def _make_staging(volumes: list[VolumePlan], handles: dict[str, int]) -> None:
    os.mkdir(STAGING, 0o700)
    syscalls.mount("tmpfs", STAGING, "tmpfs", flags=_QUIET, data="mode=700")
    for name in ("root", "mirror", "pts"):
        os.mkdir(f"{STAGING}/{name}", 0o755)
    _make_terminals()
    for volume in volumes:
        target = f"{STAGING}/volumes/{volume['name']}"
        if volume["kind"] == "host":
            if volume["host_path"] not in handles:
                raise MountError(
                    f"volume {volume['name']}: {volume['host_path']} does not exist on this machine"
                )
            _bind_handle(handles[volume["host_path"]], target)
            if os.path.isdir(target):
                _make_writable(target)
            continue
        os.makedirs(target, mode=0o755)
        mode = "1777" if volume["kind"] == "empty" else "755"
        syscalls.mount("tmpfs", target, "tmpfs", flags=_QUIET & ~syscalls.MS_NOEXEC, data=f"mode={mode}")


def _make_terminals() -> None:
    """Terminals of the pod's own, so that it neither sees nor opens this machine's."""
    flags = syscalls.MS_NOSUID | syscalls.MS_NOEXEC
    syscalls.mount("devpts", PTS, "devpts", flags=flags, data="newinstance,ptmxmode=0666,mode=620")
    if os.path.isdir("/dev/pts"):
        syscalls.mount(PTS, "/dev/pts", flags=syscalls.MS_BIND)


def _make_writable(target: str) -> None:
    """Undo, for a host folder that the pod mounts by name, the read-only flag it was bound with."""
    try:
        syscalls.set_read_only(target, read_only=False)
    except OSError as error:  # EPERM: it was read-only before this world was made
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            raise


def _place_file(path: str, text: str, *, private: list[str]) -> None:
    """Give the pod its own `path`: bound over the machine's, or written where its link leads."""
    real = os.path.realpath(path)
    if any(real.startswith(folder + "/") for folder in private):
        os.makedirs(os.path.dirname(real), mode=0o755, exist_ok=True)
        _write_renamed(real, text.encode())
        return
    if not os.path.exists(real):
        raise MountError(f"this machine has no {path}; make an empty one")
    own = f"{STAGING}/{os.path.basename(path)}"
    _write_renamed(own, text.encode())
    syscalls.mount(own, real, flags=syscalls.MS_BIND)


def _write_renamed(path: str, content: bytes) -> None:
    fresh = f"{path}.new"
    with open(fresh, "wb") as file:
        file.write(content)
    os.chmod(fresh, 0o644)
    os.rename(fresh, path)


def existing_sub_path(source: str, sub_path: str) -> str:
    """Where `sub_path` of a volume is, made as a folder if there is nothing; MountError when it leads out."""
    inner = os.path.realpath(f"{source}/{sub_path}")
    if inner != source and not inner.startswith(source + "/"):
        raise MountError(f'subPath "{sub_path}" leads out of the volume')
    if not os.path.exists(inner):
        os.makedirs(inner, exist_ok=True)
    return inner


def _make_target(target: str, *, like: str) -> None:
    """An existing mount point of the right sort; only the pod's private folders can grow a new one."""
    if os.path.exists(target):
        return
    try:
        if os.path.isdir(like):
            os.makedirs(target, mode=0o755)
            return
        os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
        with open(target, "xb"):
            pass
    except OSError as error:
        raise MountError(
            f"mountPath {target} does not exist on this machine and cannot be made ({error.strerror}); "
            "use a path below /run, /var/run or /tmp"
        ) from error
