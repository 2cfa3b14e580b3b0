"""Durations as the API writes them (`1.5s`, `250ms`, `1m30s`), in whole milliseconds."""

import re

_UNITS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}
_TERM = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def parse_milliseconds(text: str) -> int:
    """The duration, rounded.

    Validation has let through only durations; of anything else nothing is left (0).
    """
    return round(sum(float(number) * _UNITS[unit] for number, unit in _TERM.findall(text)))
