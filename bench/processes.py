"""What a benchmark reads of processes in /proc, beside what `convoy.kit.processes` reads of them."""

import os
from pathlib import Path

from convoy.kit.processes import descendants as descendants
from convoy.kit.processes import pss_kib as pss_kib

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def command(pid: int) -> list[str]:
    """The argv of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def tree_cpu_seconds(root: int) -> float:
    """User and system time of a process and all below it, those that have ended included."""
    return sum(cpu_seconds(pid) + _ended_cpu_seconds(pid) for pid in descendants(root))


def tree_peak_kib(root: int) -> int:
    """The largest resident sizes that a process and those below it ever had, added up."""
    return sum(_peak_kib(pid) for pid in descendants(root))


def _ended_cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[13]) + int(fields[14])) / TICK


def _peak_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
