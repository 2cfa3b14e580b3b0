"""What a program in a pod may try against its neighbours and its machine.

`intruder.py STATE_DIR ADDRESS FILES...` prints as JSON what came of each attempt. FILES are secrets of the
machine. It uses the standard library alone, for its text is handed to a pod's Python.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
from collections.abc import Callable

_CLONE_NEWUSER, _CLONE_NEWNS, _MNT_DETACH = 0x10000000, 0x00020000, 2
_LIBC = ctypes.CDLL(None, use_errno=True)


def read(path: str) -> str:
    """The first bytes of a file, or the names in a folder."""
    if os.path.isdir(path):
        return " ".join(os.listdir(path))
    with open(path, "rb") as file:
        return file.read(100).decode(errors="replace")


def first_of_init() -> str:
    """Whatever can be learnt of the pod's init, which is a fork of the world's."""
    for name in ("environ", "mem", "maps", "root/etc/hosts", "cwd", "fd/3", "ns/net", "ns/mnt"):
        path = f"/proc/1/{name}"
        with contextlib.suppress(OSError):
            return os.readlink(path) if name.startswith(("cwd", "fd", "ns")) else read(path)
    return ""


def seen_processes() -> list[str]:
    """The names of all processes in sight."""
    found = []
    for name in sorted(os.listdir("/proc")):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/comm") as file:
                found.append(file.read().strip())
    return found


def signalled() -> int:
    """How many processes out of sight can be signalled."""
    count = 0
    for pid in range(1, 40_000):
        if not os.path.exists(f"/proc/{pid}"):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.Signals(signal.SIGCONT))
                count += 1
    return count


def connected(address: str) -> str:
    """Whether the abstract socket of the supervisor answers."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(b"\0" + bytes.fromhex(address))
    return "connected"


def after_undoing(wanted: list[str]) -> list[str]:
    """What of the wanted can be read by a child that makes itself root of a user namespace and unmounts."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        if _LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNS) == 0:
            with open("/proc/self/mountinfo") as file:
                points = [line.split()[4] for line in file]
            for point in reversed(points):
                _LIBC.umount2(point.encode(), _MNT_DETACH)
        os.write(writing, json.dumps([path for path in wanted if readable(path)]).encode())
        os._exit(0)
    os.wait()
    found: list[str] = json.loads(os.read(reading, 65536))
    return found


def readable(path: str) -> bool:
    """Whether there is something to learn at a path."""
    try:
        return bool(read(path))
    except OSError:
        return False


def outcome(attempt: Callable[[], object]) -> object:
    """What an attempt gives, or the name of the error it meets."""
    try:
        return attempt()
    except OSError as error:
        return type(error).__name__


def main(state_dir: str, address: str, *files: str) -> None:
    """Try everything, and tell."""
    wanted = [state_dir, *files]
    attempts: dict[str, Callable[[], object]] = {
        "secrets": lambda: [path for path in wanted if readable(path)],
        "secrets, unmounting": lambda: after_undoing(wanted),
        "init": first_of_init,
        "processes": seen_processes,
        "signalled": signalled,
        "control socket": lambda: connected(address),
        "abstract sockets": lambda: read("/proc/net/unix").count("@"),
        "devices": lambda: [
            name for name in ("kmsg", "mem", "fuse", "kvm") if os.path.exists(f"/dev/{name}")
        ],
        "new device": lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(254, 0)),
        "kernel setting": lambda: os.open("/proc/sys/kernel/hostname", os.O_WRONLY),
        "packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
        "host name": lambda: socket.sethostname("other"),
    }
    print(json.dumps({name: outcome(attempt) for name, attempt in attempts.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
