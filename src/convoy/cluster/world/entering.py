"""Enter namespaces, stay tied to the process that wanted them, and say plainly when that is refused."""

import os
import select
import socket
import sys
from pathlib import Path

from convoy.cluster.errors import NamespacesError, as_message
from convoy.cluster.frames import send_frame
from convoy.cluster.linux import syscalls

_INSIDE = (
    syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
)


def tie_to_parent(lifeline: int) -> None:
    """Die with the parent from now on, or at once when the starter is dead already.

    A change of credentials undoes the first, and a parent may die before it is asked for; so the lifeline, a
    pipe whose other end only the starter holds, is looked at after each such step.
    """
    syscalls.die_with_parent()
    if select.select([lifeline], [], [], 0)[0]:  # nobody ever writes: readable means closed
        sys.exit(1)


def enter_namespaces() -> None:
    """Unshare; as an ordinary user in a user namespace where that user is root."""
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0 or not _may_unshare():
        syscalls.unshare(syscalls.CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
        syscalls.unshare(_INSIDE)
    # Otherwise, as root, what is mounted in the world would appear on the host.
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)


def _may_unshare() -> bool:
    try:
        syscalls.unshare(_INSIDE)
    except PermissionError:  # root of a container, say
        return False
    return True


def namespaces_refused(error: OSError) -> NamespacesError:
    """What a person can do about `error`; sysctls are read for the advice, never to decide."""
    return NamespacesError(
        f"this machine refused to make the world's namespaces ({error.strerror}); {_advice()}."
    )


def _advice() -> str:
    is_root = os.geteuid() == 0 and Path("/proc/self/uid_map").read_text().split()[:2] == ["0", "0"]
    if is_root:
        return "run where CAP_SYS_ADMIN is available (in a container: with --privileged)"
    for name, wanted, refused in (
        ("kernel/apparmor_restrict_unprivileged_userns", "0", "1"),
        ("kernel/unprivileged_userns_clone", "1", "0"),
        ("user/max_user_namespaces", "15000", "0"),
    ):
        path = Path("/proc/sys") / name
        if path.exists() and path.read_text().strip() == refused:
            return (
                f"run with sudo, or allow it to everybody: sudo sysctl -w {name.replace('/', '.')}={wanted}"
            )
    return "run with sudo"


def report_failure(listener: socket.socket, error: Exception) -> None:
    """Tell the starter, whose connection waits in the backlog, why there is no world."""
    listener.settimeout(1)
    try:
        connection, _address = listener.accept()
    except OSError:
        return
    with connection:
        connection.settimeout(1)
        send_frame(connection, {"failed": as_message(error)})
