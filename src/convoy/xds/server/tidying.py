"""Gives memory back to the system when many clients have come or gone.

What they needed for a moment lies between what lasts. The C library gives it back only when asked, and would
otherwise want more for those who come next.
"""

import asyncio

from convoy.kit.malloc import give_memory_back

_MANY = 100
_QUIET_SECONDS = 2.0


class Tidying:
    """Counts comings and goings."""

    def __init__(self) -> None:
        self._since = 0
        self._timer: asyncio.TimerHandle | None = None

    def note_stream(self) -> None:
        """A stream has begun or ended."""
        self._since += 1
        if self._since >= _MANY and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_QUIET_SECONDS, self._tidy)

    def stop(self) -> None:
        """Forget about it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tidy(self) -> None:
        self._timer = None
        self._since = 0
        give_memory_back()
