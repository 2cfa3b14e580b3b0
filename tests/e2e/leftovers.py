"""What a command could leave on the machine: processes, network namespaces, interfaces, mounts, sockets.

Others start worlds beside this one, so only what this process's commands started counts: while it watches,
this process is the one that orphans are given to (prctl(2), PR_SET_CHILD_SUBREAPER), so that whatever a
command starts stays below it. Nobody makes interfaces or mounts of the machine's own, so any new one counts.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from convoy.cli.clusters.addresses import holder_address
from convoy.cluster.linux.syscalls import prctl
from convoy.cluster.world.starting import control_address

_PR_SET_CHILD_SUBREAPER = 36


class Machine(NamedTuple):
    """What exists now, as far as it could be left behind by a world of namespaces."""

    network_namespaces: frozenset[str]
    interfaces: frozenset[str]
    mounts: frozenset[str]


def look() -> Machine:
    """Take stock of the machine, and keep hold of what is started from now on."""
    _adopt_orphans(True)
    return _see()


def wait_nothing_new(before: Machine, home: Path, *, seconds: float = 10.0) -> list[str]:
    """What there is yet of what came since; the kernel gets a moment."""
    deadline = time.monotonic() + seconds
    while True:
        _bury_orphans()
        left = [item for group in whats_new(before, home).values() for item in group]
        if not left or time.monotonic() > deadline:
            _adopt_orphans(False)
            return left
        time.sleep(0.05)


def whats_new(before: Machine, home: Path) -> dict[str, list[str]]:
    """What exists now and did not before, and what knows a CONVOY_HOME, by kind."""
    then, now = before._asdict(), _see()._asdict()
    return {
        "processes": processes_with(str(home)),
        "sockets": _sockets_of(home),
        **{kind: sorted(now[kind] - then[kind]) for kind in now},
    }


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


def _see() -> Machine:
    return Machine(
        frozenset(filter(None, map(_network_namespace, _descendants()))),
        frozenset(entry.name for entry in Path("/sys/class/net").iterdir()),
        frozenset(Path("/proc/self/mounts").read_text().splitlines()),
    )


def _sockets_of(home: Path) -> list[str]:
    """The abstract sockets by which the worlds of a home are reached."""
    worlds = [home / "demo" / "world", home / "world"]
    names = {"@" + make(world)[1:].decode() for world in worlds for make in (control_address, holder_address)}
    bound = (line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines())
    return [name for name in bound if name in names]


def _adopt_orphans(adopt: bool) -> None:
    prctl(_PR_SET_CHILD_SUBREAPER, int(adopt))


def _bury_orphans() -> None:
    """The test has waited for its own commands, so children that are dead were given to this process."""
    for pid, (state, parent) in _processes():
        if (state, parent) == ("Z", os.getpid()):
            os.waitpid(pid, os.WNOHANG)


def _descendants() -> Iterator[int]:
    children = defaultdict(list)
    for pid, (_, parent) in _processes():
        children[parent].append(pid)
    below = [os.getpid()]
    while below:
        found = children[below.pop()]
        yield from found
        below += found


def _processes() -> Iterator[tuple[int, tuple[str, int]]]:
    """Every process's state and parent."""
    for pid in _pids():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        yield pid, (fields[0], int(fields[1]))


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _network_namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return ""
