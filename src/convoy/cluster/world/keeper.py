"""Keep the world: the process that `start_world` runs, and that its life hangs on.

Whoever unshares the PID namespace is not inside it; its first child is PID 1 there. So this process stays
outside as the link between the two: it dies with the process that started it, PID 1 dies with it, and with
PID 1 the kernel removes every process, interface and mount of the world. It ends only after all of them.
"""

import os
import resource
import socket

from convoy.cluster.linux import syscalls
from convoy.cluster.world.entering import enter_namespaces, namespaces_refused, report_failure, tie_to_parent
from convoy.cluster.world.init import become_world

_MOST_OPEN_FILES = 65536


def main(arguments: list[str]) -> int:
    """Run a world to its end; `arguments` are descriptors (listener, lifeline, lock) and the state folder."""
    inherited = [int(number) for number in arguments[:3]]
    for fd in inherited:
        os.set_inheritable(fd, False)
    listener, lifeline = socket.socket(fileno=inherited[0]), inherited[1]
    tie_to_parent(lifeline)
    try:
        enter_namespaces()
    except OSError as error:
        report_failure(listener, namespaces_refused(error))
        return 1
    tie_to_parent(lifeline)
    _raise_file_limit()
    os.umask(0o077)
    syscalls.set_process_name("convoy-keeper")
    pid = os.fork()
    if pid == 0:
        become_world(listener, lifeline, state_dir=arguments[3])
    listener.close()
    os.close(lifeline)
    _pid, status = os.waitpid(pid, 0)
    return 1 if status else 0


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_OPEN_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
