"""A clock for tests: time passes only when somebody sleeps, or when the test moves it."""

import asyncio
from datetime import UTC, datetime, timedelta


class FakeClock:
    """`at` is the wall clock; `jumps` are suspends that happen during the next sleeps, the last one first."""

    def __init__(self, at: datetime = datetime(2030, 5, 1, 12, 0, 0, tzinfo=UTC)) -> None:
        self.at = at
        self.jumps: list[timedelta] = []
        self.slept: list[float] = []
        self._passed = 100.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        """Stands still in a suspend, as the real one."""
        return self._passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.goes_on(seconds)
        self.at += self.jumps.pop() if self.jumps else timedelta(0)
        await asyncio.sleep(0)

    def goes_on(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._passed += seconds
        self.at += timedelta(seconds=seconds)
