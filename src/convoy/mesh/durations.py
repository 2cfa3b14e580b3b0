"""Durations of the API in the model's unit."""

from datetime import timedelta

from convoy.api.durations import parse_duration

_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(text: str | None, *, default: int = 0) -> int:
    """The duration in whole milliseconds; `default` where none is written."""
    return parse_duration(text) // _MILLISECOND if text else default
