"""The processes of pods as this machine has them, for tests that kill one."""

from pathlib import Path

from convoy.cli.pods.streams import PodPlace


def main_process(home: Path, pod: PodPlace, program: str) -> int:
    """The process of a pod that runs a program (a word of its command line), in the world of a home.

    The pod's own variables tell it from others, so the pod must know its name by `POD_NAME`.
    """
    marks = (f"POD_NAME={pod.name}".encode(), program.encode())
    found = [pid for pid in _pids() if _has(pid, *marks) and _is_below(pid, _holder(home))]
    # A process that it made has all of this, too.
    return min(found)


def sandbox_process(home: Path, pod: PodPlace, program: str) -> int:
    """The first process of the same pod, with which all others end."""
    return _parent(main_process(home, pod, program))


def _holder(home: Path) -> int:
    argv = f"convoy.cli.clusters.holder\0{home / 'world'}\0".encode()
    return next(pid for pid in _pids() if argv in _read(pid, "cmdline"))


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _has(pid: int, variable: bytes, word: bytes) -> bool:
    return word in _read(pid, "cmdline") and variable in _read(pid, "environ").split(b"\0")


def _is_below(pid: int, root: int) -> bool:
    while pid > 1 and pid != root:
        pid = _parent(pid)
    return pid == root


def _parent(pid: int) -> int:
    status = _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()
    return int(status[1]) if status else 0


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
