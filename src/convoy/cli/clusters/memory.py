"""How much memory a world takes: the proportional set size of its holder and of all that hangs on it."""

from convoy.kit.processes import descendants, pss_kib


def world_pss_mib(holder: int) -> int:
    """PSS in MiB of a process and its descendants; what may not be read counts nothing."""
    return sum(map(pss_kib, descendants(holder))) // 1024
