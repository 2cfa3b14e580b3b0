"""PID 1 of the world: starts the supervisor, forks the pods' inits, reaps orphans, and is the world's life.

It stays small and has one thread, because every pod's init is a fork of it: forking costs little, and the
forks share its memory. The supervisor is its child rather than itself so that orphans are reaped here, where
no subprocess's exit status can be taken by mistake.
"""

import os
import select
import signal
import socket
import sys
from typing import NoReturn

from convoy.cluster.frames import FrameReader, send_frame
from convoy.cluster.linux import syscalls
from convoy.cluster.sandbox.init import become_pod
from convoy.cluster.world.entering import namespaces_refused, report_failure, tie_to_parent


def become_world(listener: socket.socket, lifeline: int, *, state_dir: str) -> NoReturn:
    """Turn this process, the first in its PID namespace, into the world's init. Does not return."""
    status = 1
    try:
        tie_to_parent(lifeline)
        status = _serve(listener, lifeline, state_dir)
    except BaseException:  # into the world's log; nothing may return into the caller's code
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def _serve(listener: socket.socket, lifeline: int, state_dir: str) -> int:
    syscalls.set_process_name("convoy-world")
    try:
        syscalls.mount("proc", "/proc", "proc")
    except OSError as error:
        report_failure(listener, namespaces_refused(error))
        return 1
    line, supervisor_line = socket.socketpair()
    supervisor = os.fork()
    if supervisor == 0:
        line.close()
        _become_supervisor(listener, supervisor_line, state_dir)
    listener.close()
    supervisor_line.close()
    return WorldInit(line, lifeline, supervisor).serve()


def _become_supervisor(listener: socket.socket, line: socket.socket, state_dir: str) -> NoReturn:
    status = 1
    try:
        from convoy.cluster.supervisor.serving import serve_world

        serve_world(listener, line, state_dir)
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


class WorldInit:
    """Forks on request, reaps, and ends when the supervisor or the starter does."""

    def __init__(self, line: socket.socket, lifeline: int, supervisor: int) -> None:
        self._line = line
        self._lifeline = lifeline
        self._supervisor = supervisor
        self._reader = FrameReader()
        self._own_pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._wakeup, self._wakeup_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._wakeup_in, warn_on_full_buffer=False)

    def serve(self) -> int:
        """The status to exit with; exiting kills the world."""
        poll = select.poll()
        for fd in (self._line.fileno(), self._lifeline, self._wakeup):
            poll.register(fd, select.POLLIN)
        while True:
            for fd, _event in poll.poll():
                if fd == self._lifeline:
                    return 0
                if fd == self._wakeup:
                    os.read(self._wakeup, 4096)
                    status = self._reap()
                    if status is not None:
                        return status
                elif not self._reader.receive(self._line):
                    return 0
            for message, fds in self._reader.messages():
                self._fork_pod(message["id"], fds)

    def _reap(self) -> int | None:
        """Collect every ended child; the supervisor's status, once that is the one."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return 1
            if pid == 0:
                return None
            if pid == self._supervisor:
                return min(abs(os.waitstatus_to_exitcode(status)), 1)

    def _fork_pod(self, request: int, fds: list[int]) -> None:
        """Fork a process that is PID 1 of a new PID namespace, and take up work in the own one again."""
        pod_line, netns = fds
        syscalls.unshare(syscalls.CLONE_NEWPID)
        pid = os.fork()
        if pid == 0:
            self._leave_world_behind()
            become_pod(socket.socket(fileno=pod_line), netns)
        syscalls.setns(self._own_pid_namespace, syscalls.CLONE_NEWPID)
        for fd in fds:
            os.close(fd)
        send_frame(self._line, {"id": request, "ok": pid})

    def _leave_world_behind(self) -> None:
        """Close what a pod's init must not hold."""
        signal.set_wakeup_fd(-1)
        self._line.close()
        for fd in (self._lifeline, self._own_pid_namespace, self._wakeup, self._wakeup_in):
            os.close(fd)
