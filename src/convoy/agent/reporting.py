"""The agent's log: one line per event on standard error, past tense, with fields.

Stands in for `kit.logs`, whose library would cost every pod some five megabytes.
"""

import sys
from datetime import UTC, datetime


def report(event: str, *, level: str = "info", **fields: object) -> None:
    """Print an event with its fields."""
    told = "".join(f" {name}={value}" for name, value in fields.items())
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    print(f"{time} [{level:<7}] agent: {event}{told}", file=sys.stderr, flush=True)
