"""What forks the pods of a kubelet under test: a process in namespaces of its own, as a world's init is.

The kubelet itself runs in the test's process, and reaches pods through descriptors of their namespaces.
"""

import os
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from convoy.cluster.linux import syscalls
from convoy.cluster.world.entering import enter_namespaces
from convoy.cluster.world.init import WorldInit


@contextmanager
def forking() -> Iterator[socket.socket]:
    """The line on which forks are asked for; at the end everything that was forked is killed."""
    ours, theirs = socket.socketpair()
    lifeline, held = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        ours.close()
        os.close(held)
        _serve(theirs, lifeline)
    theirs.close()
    os.close(lifeline)
    try:
        yield ours
    finally:
        ours.close()
        os.close(held)
        os.waitpid(pid, 0)


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
