"""PID 1 of a pod: furnishes it, starts its processes on the kubelet's word, and reaps.

When it ends, the kernel kills every process of the pod; it ends when the kubelet closes the line. Requests
are `{"id", "do", ...}` and are answered `{"id", "ok"}` or `{"id", "error"}`; an ended process is reported as
`{"exited": name, "status": ...}` without being asked, with a negative status for a signal.
"""

import fcntl
import os
import select
import signal
import socket
import struct
import sys
from typing import NoReturn

from convoy.cluster.frames import FrameReader, Message, send_frame
from convoy.cluster.linux import syscalls
from convoy.cluster.sandbox.mounts import (
    PTS,
    MountError,
    furnish,
    make_message_file,
    read_message,
    write_files,
)
from convoy.cluster.sandbox.plan import ProcessPlan
from convoy.cluster.sandbox.processes import StartError, start_process

# Of every architecture that Convoy's Envoy is built for; the module termios lacks them.
_TIOCSPTLCK = 0x40045431
_TIOCGPTN = 0x80045430
_MOST_ROUNDS = 20  # of killing what forks while it is killed


def become_pod(line: socket.socket, netns: int) -> NoReturn:
    """Turn this process, already PID 1 of a PID namespace, into a pod's init. Does not return."""
    try:
        syscalls.setns(netns, syscalls.CLONE_NEWNET)
        os.close(netns)
        syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS)
        syscalls.set_process_name("convoy-pod")
        PodInit(line).serve()
    except BrokenPipeError:  # the kubelet has closed the line while it was being answered
        os._exit(0)
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
        self._roots: dict[int, int] = {}  # mount namespaces of containers with a root of their own
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
        made: list[int] = []
        try:
            made = open_terminal() if message["do"] == "terminal" else []
            result = self._do(message, fds)
        except (MountError, StartError, OSError) as error:
            send_frame(self._line, {"id": message["id"], "error": str(error)})
        else:
            send_frame(self._line, {"id": message["id"], "ok": result}, made)
        finally:
            for fd in (*fds, *made):
                os.close(fd)

    def _do(self, message: Message, fds: list[int]) -> int | str:
        match message["do"]:
            case "furnish":
                syscalls.set_hostname(message["plan"]["hostname"])
                furnish(message["plan"])
            case "write":
                write_files(message["volume"], message["files"], group=message.get("group"))
            case "start":
                return self._start(message["name"], message["plan"], fds)
            case "signal":
                self._signal(message["name"], message["signal"], whole_group=message["group"])
            case "read":
                return read_message(message["file"], at_most=message["at_most"]).decode(errors="replace")
        return 0

    def _start(self, name: str, plan: ProcessPlan, fds: list[int]) -> int:
        joined = -1
        if "join" in plan:
            joined = self._open_root_of(plan["join"])
        elif "root" in plan and plan["root"]["termination"]:
            make_message_file(plan["root"]["termination"])
        try:
            pid = start_process(plan, fds, joined=joined)
        finally:
            if joined >= 0:
                os.close(joined)
        self._processes[pid] = name
        if "root" in plan:
            self._roots[pid] = mount_namespace(pid)
        return pid

    def _open_root_of(self, name: str) -> int:
        for pid, known in self._processes.items():
            if known == name:
                return os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        raise StartError("the container does not run")

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
                _kill_all_in(self._roots.pop(ended.si_pid, 0))
            os.waitpid(ended.si_pid, 0)
            if name is not None:
                status = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
                send_frame(self._line, {"exited": name, "status": status})


def open_terminal() -> list[int]:
    """A new terminal of the pod: its master and its slave."""
    master = os.open(f"{PTS}/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("i", 0))
        (number,) = struct.unpack("i", fcntl.ioctl(master, _TIOCGPTN, struct.pack("i", 0)))
        return [master, os.open(f"{PTS}/{number}", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)]
    except BaseException:
        os.close(master)
        raise


def mount_namespace(pid: int) -> int:
    """What tells a process's mount namespace from others; 0 when it has ended."""
    try:
        return os.stat(f"/proc/{pid}/ns/mnt").st_ino
    except OSError:
        return 0


def _kill_all_in(namespace: int) -> None:
    """What a container started in sessions of its own ends with it too: all that share its root."""
    for _round in range(_MOST_ROUNDS if namespace else 0):
        found = [pid for pid in _own_pids() if mount_namespace(pid) == namespace]
        if not found:
            return
        for pid in found:
            os.kill(pid, signal.SIGKILL)


def _own_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def _kill_group(pid: int) -> None:
    """What a container's main process leaves behind in its session must not hold its ports."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
