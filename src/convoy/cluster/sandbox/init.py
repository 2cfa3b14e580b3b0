"""PID 1 of a pod: furnishes it, starts its processes on the kubelet's word, and reaps.

When it ends, the kernel kills every process of the pod; it ends when the kubelet closes the line. Requests
are `{"id", "do", ...}` and are answered `{"id", "ok"}` or `{"id", "error"}`; an ended process is reported as
`{"exited": name, "status": ...}` without being asked, with a negative status for a signal.
"""

import base64
import os
import select
import signal
import socket
import sys
from typing import NoReturn

from convoy.cluster.frames import FrameReader, Message, send_frame
from convoy.cluster.linux import syscalls
from convoy.cluster.sandbox.mounts import MountError, furnish, write_files
from convoy.cluster.sandbox.processes import StartError, start_process


def become_pod(line: socket.socket, netns: int) -> NoReturn:
    """Turn this process, already PID 1 of a PID namespace, into a pod's init. Does not return."""
    try:
        syscalls.setns(netns, syscalls.CLONE_NEWNET)
        os.close(netns)
        syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS)
        syscalls.set_process_name("convoy-pod")
        PodInit(line).serve()
    except BaseException:  # into the world's log; nothing may return into the caller's code
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


class PodInit:
    """The processes of one pod by the names the kubelet gave them."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._reader = FrameReader()
        self._processes: dict[int, str] = {}
        self._wakeup, wakeup_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        # A Ctrl-C at the terminal reaches every process of the group; when a pod ends is the kubelet's word.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(wakeup_in, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Until the kubelet closes the line."""
        poll = select.poll()
        poll.register(self._line, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        while True:
            for fd, _event in poll.poll():
                if fd == self._wakeup:
                    os.read(self._wakeup, 4096)
                    self._reap()
                elif not self._reader.receive(self._line):
                    return
            for message, fds in self._reader.messages():
                self._answer(message, fds)

    def _answer(self, message: Message, fds: list[int]) -> None:
        try:
            result = self._do(message, fds)
        except (MountError, StartError, OSError) as error:
            send_frame(self._line, {"id": message["id"], "error": str(error)})
        else:
            send_frame(self._line, {"id": message["id"], "ok": result})
        finally:
            for fd in fds:
                os.close(fd)

    def _do(self, message: Message, fds: list[int]) -> int:
        match message["do"]:
            case "furnish":
                syscalls.set_hostname(message["plan"]["hostname"])
                furnish(message["plan"])
            case "write":
                files = {path: base64.b64decode(content) for path, content in message["files"].items()}
                write_files(message["volume"], files)
            case "start":
                pid = start_process(message["plan"], fds)
                self._processes[pid] = message["name"]
                return pid
            case "signal":
                self._signal(message["name"], message["signal"], whole_group=message["group"])
        return 0

    def _signal(self, name: str, number: int, *, whole_group: bool) -> None:
        for pid, known in self._processes.items():
            if known == name:
                (os.killpg if whole_group else os.kill)(pid, number)

    def _reap(self) -> None:
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            name = self._processes.pop(ended.si_pid, None)
            if name is not None:
                _kill_group(ended.si_pid)  # before it is reaped, while its number cannot name another
            os.waitpid(ended.si_pid, 0)
            if name is not None:
                status = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
                send_frame(self._line, {"exited": name, "status": status})


def _kill_group(pid: int) -> None:
    """What a container's main process leaves behind in its session must not hold its ports."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
