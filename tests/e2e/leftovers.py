"""What a command could leave on the machine: processes, network namespaces, interfaces, mounts, sockets."""

import os
import time
from pathlib import Path
from typing import NamedTuple


class Machine(NamedTuple):
    """What exists now, as far as it could be left behind by a world of namespaces."""

    network_namespaces: frozenset[str]
    interfaces: frozenset[str]
    mounts: frozenset[str]
    sockets: frozenset[str]


def look() -> Machine:
    """Take stock of the machine."""
    return Machine(
        frozenset(filter(None, map(_network_namespace, _pids()))),
        frozenset(entry.name for entry in Path("/sys/class/net").iterdir()),
        frozenset(Path("/proc/self/mounts").read_text().splitlines()),
        frozenset(
            line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines() if "convoy" in line
        ),
    )


def wait_nothing_new(before: Machine, text: str, *, seconds: float = 10.0) -> list[str]:
    """What exists now and did not before, and processes that know a text; the kernel gets a moment."""
    deadline = time.monotonic() + seconds
    while True:
        new = [sorted(now - then) for now, then in zip(look(), before, strict=True)]
        left = [*processes_with(text), *(item for group in new for item in group)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def processes_with(text: str) -> list[str]:
    """The command lines of other processes that have a text in their arguments or environment."""
    found = []
    for pid in _pids():
        if pid == os.getpid():
            continue
        try:
            process = Path(f"/proc/{pid}")
            arguments = process.joinpath("cmdline").read_bytes()
            if text.encode() in arguments + process.joinpath("environ").read_bytes():
                found.append(arguments.replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _network_namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return ""
