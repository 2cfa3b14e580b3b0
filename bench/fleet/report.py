"""Figures as people read them."""

from collections.abc import Sequence


def percentile(times: Sequence[float], share: float) -> float:
    """The smallest time that at least `share` of the times do not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(times: Sequence[float], since: float) -> str:
    """`p50 12 ms, p99 40 ms, last 41 ms` after a moment."""
    delays = [time - since for time in times]
    named = (("p50", percentile(delays, 0.5)), ("p99", percentile(delays, 0.99)), ("last", max(delays)))
    return ", ".join(f"{name} {milliseconds(delay)}" for name, delay in named)


def milliseconds(seconds: float) -> str:
    """`12 ms`, or `0.45 ms` when short."""
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 10 else f"{value:.2f} ms"


def kibibytes(count: float) -> str:
    """`512 B`, `3.4 KiB` or `1.2 MiB`."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024 or unit == "MiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError("unreachable")
