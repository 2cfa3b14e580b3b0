"""Durations as Istio's API writes them: `1.5s`, `100ms`, `1h30m` (the syntax of Go's time.ParseDuration)."""

import re
from datetime import timedelta

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_WHOLE = re.compile(rf"[-+]?(?:0|(?:{_PART.pattern})+)", re.ASCII)
_LONGEST_TEXT = 40


def parse_duration(text: str) -> timedelta:
    """The duration, exact to a microsecond; ValueError when the text is none or is beyond any use."""
    if len(text) > _LONGEST_TEXT or not _WHOLE.fullmatch(text):
        raise ValueError(f"not a duration: {text[:_LONGEST_TEXT]}")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    try:
        return timedelta(seconds=-seconds if text[0] == "-" else seconds)
    except OverflowError:
        raise ValueError(f"a duration too long: {text}") from None
