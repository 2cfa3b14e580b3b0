"""Times as people read them: `5s`, `2m3s`, `3h`, `2d`.

The steps are those of Kubernetes' duration.HumanDuration, so that the same object has the same age in every
kubectl (https://pkg.go.dev/k8s.io/apimachinery/pkg/util/duration).
"""

from datetime import datetime, timedelta
from typing import Any

from convoy.kit.times import parse_time

UNKNOWN = "<unknown>"


def human_duration(duration: timedelta) -> str:
    """A duration in at most two units; the shorter it is, the finer."""
    seconds = int(duration.total_seconds())
    if seconds < 120:
        # Two machines' clocks may differ by a second; beyond that the time lies in the future.
        return "<invalid>" if seconds < -1 else f"{max(seconds, 0)}s"
    minutes, hours = seconds // 60, seconds // 3600
    days = hours // 24
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 2 * 365:
        return f"{days}d"
    if days < 8 * 365:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(first: int, unit: str, second: int, smaller: str) -> str:
    return f"{first}{unit}{second}{smaller}" if second else f"{first}{unit}"


def since(text: Any, now: datetime) -> str:
    """How long ago a time was; `<unknown>` for none."""
    time = parse_time(text)
    return UNKNOWN if time is None else human_duration(now - time)
