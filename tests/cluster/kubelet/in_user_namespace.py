"""Run a command as root of a user namespace with one user, as an ordinary user may.

`python -m tests.cluster.kubelet.in_user_namespace COMMAND...`; there it may make what a kubelet needs.
"""

import os
import sys
from pathlib import Path

from convoy.cluster.linux import syscalls


def run_as_its_root(command: list[str]) -> None:
    """Replace this process by `command`."""
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    syscalls.unshare(syscalls.CLONE_NEWNET | syscalls.CLONE_NEWNS)
    os.execv(command[0], command)


if __name__ == "__main__":
    run_as_its_root(sys.argv[1:])
