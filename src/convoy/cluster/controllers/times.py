"""Times as Kubernetes writes them: RFC 3339, UTC, whole seconds (MicroTime: with six decimals). Pure."""

from datetime import UTC, datetime
from typing import Any


def format_time(at: datetime) -> str:
    """As in a creationTimestamp."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: Any) -> datetime | None:
    """The time a field tells; None when it is absent or no time."""
    if not isinstance(text, str) or not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def seconds_since(text: Any, now: datetime) -> float:
    """How long ago that was; 0 when nothing is told, as if it were now."""
    at = parse_time(text)
    return (now - at).total_seconds() if at else 0.0
