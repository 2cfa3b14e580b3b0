"""The processes of this machine, read from /proc: who descends from whom, and what memory they take."""

from collections.abc import Iterator
from pathlib import Path


def descendants(root: int) -> Iterator[int]:
    """Process ids below `root`, itself first, as they were when asked."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    waiting = [root]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += children.get(current, [])


def _parent(entry: Path) -> int | None:
    try:
        # The program's name, in parentheses, may hold anything.
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def pss_kib(pid: int) -> int:
    """The proportional set size in KiB; 0 when the process is gone or may not be read."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
