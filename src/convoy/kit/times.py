"""Times as Kubernetes writes them: RFC 3339 in UTC, to the second or to the microsecond.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#units
"""

from datetime import UTC, datetime
from typing import Any


def format_time(moment: datetime) -> str:
    """To the second, as a creationTimestamp."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_micro_time(moment: datetime) -> str:
    """With six decimals always, as a Lease's renewTime."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: Any) -> datetime | None:
    """The moment that a field tells; None for an absent one, and for what is no time or names no zone."""
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
