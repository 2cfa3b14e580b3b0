"""A moment by which something must have ended, and which may be brought forward while others wait for it."""

import asyncio
from contextlib import suppress


class Deadline:
    """On the clock of the running loop; `granted` seconds from when it was made."""

    def __init__(self, seconds: float) -> None:
        self.granted = seconds
        self._at = asyncio.get_running_loop().time() + seconds
        self._moved = asyncio.Event()

    @property
    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(self._at - asyncio.get_running_loop().time(), 0.0)

    def bring_forward(self, seconds: float) -> None:
        """Let it come in at most so many seconds from now."""
        at = asyncio.get_running_loop().time() + seconds
        if at < self._at:
            self._at = at
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()

    async def wait(self, *, extra: float = 0.0) -> None:
        """Return once it has come, but not before `extra` seconds are over."""
        earliest = asyncio.get_running_loop().time() + extra
        while (left := max(self._at, earliest) - asyncio.get_running_loop().time()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._moved.wait()
