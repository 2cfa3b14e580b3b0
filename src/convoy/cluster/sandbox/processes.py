"""Start one process of a container: in its own mount namespace and session, without capabilities.

The child reports over a pipe that exec closes, so the pod's init learns at once whether the program runs.
"""

import fcntl
import json
import os
import signal
import termios
from typing import NoReturn

from convoy.cluster.linux import capabilities, syscalls
from convoy.cluster.sandbox.mounts import MountError, mount_volumes
from convoy.cluster.sandbox.plan import ProcessPlan
from convoy.cluster.sandbox.roots import enter_root


class StartError(Exception):
    """The program did not start; the text is a sentence."""


def start_process(plan: ProcessPlan, stdio: list[int], *, joined: int = -1) -> int:
    """Fork and exec; gives the process ID inside the pod.

    `stdio` holds stdin, stdout and stderr; `joined` is a mount namespace to enter instead of a new one.
    """
    report, child_report = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        os.close(report)
        _become(plan, stdio, child_report, joined)
    os.close(child_report)
    with os.fdopen(report, "rb") as stream:
        trouble = stream.read()
    if trouble:
        os.waitpid(pid, 0)
        raise StartError(json.loads(trouble)["text"])
    return pid


def _become(plan: ProcessPlan, stdio: list[int], report: int, joined: int) -> NoReturn:
    try:
        _reset_signals()
        os.setsid()
        _enter_files(plan, joined)
        _take_stdio(stdio)
        if plan.get("tty"):
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if "user" in plan:
                os.fchown(0, plan["user"], -1)
        os.umask(0o022)
        _change_folder(plan["cwd"])
        capabilities.keep_only(plan["capabilities"], become=lambda: _become_user(plan))
        os.execvpe(plan["argv"][0], plan["argv"], plan["env"])
    except MountError as error:
        _report(report, str(error))
    except OSError as error:
        _report(report, f'"{plan["argv"][0]}" did not start: {error.strerror or error}')
    except BaseException as error:  # nothing may return into the init's own loop
        _report(report, f"{type(error).__name__}: {error}")
    os._exit(127)


def _enter_files(plan: ProcessPlan, joined: int) -> None:
    if joined >= 0:
        syscalls.setns(joined, syscalls.CLONE_NEWNS)
        return
    syscalls.unshare(syscalls.CLONE_NEWNS)
    if "root" in plan:
        enter_root(plan["root"], plan["mounts"])
    else:
        mount_volumes(plan["mounts"])


def _become_user(plan: ProcessPlan) -> None:
    if "groups" in plan:
        os.setgroups(plan["groups"])
        os.setresgid(*[plan["groups"][0]] * 3)
    if "user" in plan:
        os.setresuid(*[plan["user"]] * 3)


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _take_stdio(stdio: list[int]) -> None:
    for target, fd in enumerate(stdio):
        os.dup2(fd, target, inheritable=True)


def _change_folder(cwd: str) -> None:
    try:
        os.chdir(cwd)
    except OSError as error:
        raise MountError(f"working directory {cwd}: {error.strerror}") from error


def _report(fd: int, text: str) -> None:
    os.write(fd, json.dumps({"text": text}).encode())
