"""unshare, setns, mounts, prctl and friends through the C library.

Imported by the smallest processes of the world (its init and every pod's init), so it imports next to
nothing. Every function raises OSError with the name of what was attempted.
"""

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_MOVE = 0x2000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 0x2

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_NAME = 15
PR_CAPBSET_READ = 23
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
PR_CAP_AMBIENT_CLEAR_ALL = 4

_MOUNT_SETATTR = 442  # the same number on every architecture
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 0x1
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, attempted: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{attempted}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Give this process new namespaces (for CLONE_NEWPID: its next children)."""
    _check(_libc.unshare(flags), "unshare")


def setns(fd: int, kind: int) -> None:
    """Move this thread into the namespace that `fd` refers to."""
    _check(_libc.setns(fd, kind), "setns")


def mount(source: str, target: str, kind: str = "", *, flags: int = 0, data: str = "") -> None:
    """mount(2)."""
    arguments = (
        source.encode(),
        target.encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _check(_libc.mount(*arguments), f"mount of {kind or source} on {target}")


def unmount(target: str, *, flags: int = 0) -> None:
    """umount2(2)."""
    _check(_libc.umount2(target.encode(), flags), f"unmount of {target}")


def pivot_root(new: str, old: str) -> None:
    """Make the mount at `new` the root, and the present root a mount at `old`, which lies below `new`."""
    _check(_libc.pivot_root(new.encode(), old.encode()), f"making {new} the root")


class _MountAttributes(ctypes.Structure):
    _fields_ = [
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    ]


def set_read_only(target: str, *, read_only: bool = True, recursive: bool = False) -> None:
    """Make a mount, or with `recursive` the whole tree of mounts below it, read-only or writable."""
    change = _MountAttributes(
        set=_MOUNT_ATTR_RDONLY if read_only else 0, clear=0 if read_only else _MOUNT_ATTR_RDONLY
    )
    flags = ctypes.c_uint(_AT_RECURSIVE if recursive else 0)
    result = _libc.syscall(
        _MOUNT_SETATTR, _AT_FDCWD, target.encode(), flags, ctypes.byref(change), ctypes.sizeof(change)
    )
    _check(result, f"making {target} {'read-only' if read_only else 'writable'}")


def prctl(option: int, second: int = 0, third: int = 0) -> int:
    """prctl(2) with integer arguments."""
    zero = ctypes.c_ulong(0)
    result = _libc.prctl(option, ctypes.c_ulong(second), ctypes.c_ulong(third), zero, zero)
    return _check(result, f"prctl {option}")


def set_process_name(name: str) -> None:
    """What `ps -o comm` shows; at most 15 bytes."""
    _check(_libc.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0), "naming the process")


def die_with_parent() -> None:
    """Ask the kernel to SIGKILL this process when the thread that made it ends.

    A later change of credentials (entering a user namespace, say) undoes this.
    """
    prctl(PR_SET_PDEATHSIG, 9)


def set_capabilities(bits: int) -> None:
    """Make `bits` the effective, permitted and inheritable capabilities of this process."""
    words = ctypes.c_uint32 * 2
    low, high = bits & 0xFFFFFFFF, bits >> 32
    header = words(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(low, low, low, high, high, high)
    _check(_libc.capset(header, data), "capset")


def set_hostname(name: str) -> None:
    """sethostname(2), for the UTS namespace of this process."""
    raw = name.encode()
    _check(_libc.sethostname(raw, ctypes.c_size_t(len(raw))), "sethostname")
