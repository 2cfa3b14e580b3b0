"""What forks the pods of a kubelet under test: a process in namespaces of its own, as a world's init is.

The kubelet itself runs in the test's process, and reaches pods through descriptors of their namespaces. The
forking one is a fresh interpreter: a test process has threads, gRPC's among them, and forks of it abort.
"""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convoy.cluster.linux import syscalls
from convoy.cluster.world.entering import enter_namespaces
from convoy.cluster.world.init import WorldInit

_ROOT = Path(__file__).parents[3]


@contextmanager
def forking() -> Iterator[socket.socket]:
    """The line on which forks are asked for; at the end everything that was forked is killed."""
    ours, theirs = socket.socketpair()
    lifeline, held = os.pipe2(os.O_CLOEXEC)
    given = (theirs.fileno(), lifeline)
    process = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, *map(str, given)],
        pass_fds=given,
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])},
    )
    theirs.close()
    os.close(lifeline)
    try:
        yield ours
    finally:
        ours.close()
        os.close(held)
        process.wait()


def _serve(line: socket.socket, lifeline: int) -> None:
    """Become the init of a PID namespace that ends with the lifeline."""
    try:
        syscalls.die_with_parent()
        signal.set_wakeup_fd(-1)
        enter_namespaces()
        init = os.fork()
        if init == 0:
            syscalls.mount("proc", "/proc", "proc")
            child = os.fork()  # stands in for the supervisor, whose end would be the init's
            if child == 0:
                line.close()
                select.select([lifeline], [], [])
                os._exit(0)
            os._exit(WorldInit(line, lifeline, child).serve())
        line.close()
        os.waitpid(init, 0)
    finally:
        os._exit(0)


if __name__ == "__main__":
    line_fd, lifeline_fd = map(int, sys.argv[1:])
    for fd in (line_fd, lifeline_fd):
        os.set_inheritable(fd, False)
    _serve(socket.socket(fileno=line_fd), lifeline_fd)
