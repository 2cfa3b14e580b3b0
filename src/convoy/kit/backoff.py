"""Delays between attempts: growing, bounded and spread, so that many clients do not come back at once."""

import random
from collections.abc import Iterator


def backoff(first: float, *, at_most: float, factor: float = 2.0, jitter: float = 0.25) -> Iterator[float]:
    """Seconds to wait before each next attempt, without end.

    Starts at `first`, multiplied by `factor` each time up to `at_most`; every delay is varied by up to
    `jitter` of itself in either direction.
    """
    delay = first
    while True:
        yield delay * random.uniform(1 - jitter, 1 + jitter)
        delay = min(delay * factor, at_most)
