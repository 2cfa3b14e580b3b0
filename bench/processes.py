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
