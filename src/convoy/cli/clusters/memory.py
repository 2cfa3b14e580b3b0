"""How much memory a world takes: the proportional set size of its holder and of all that hangs on it."""

from pathlib import Path


def world_pss_mib(holder: int) -> int:
    """PSS in MiB of a process and its descendants; what may not be read counts nothing."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(int(entry.name))) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    total, waiting = 0, [holder]
    while waiting:
        pid = waiting.pop()
        total += _pss_kib(pid)
        waiting += children.get(pid, [])
    return total // 1024


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _pss_kib(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
