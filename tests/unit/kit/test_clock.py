"""Facts about the machine's own clocks."""

from datetime import UTC, datetime, timedelta

from convoy.kit.clock import SYSTEM_CLOCK


def test_the_wall_clock_is_in_utc():
    before = datetime.now(UTC)
    now = SYSTEM_CLOCK.now()
    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)


async def test_a_sleep_passes_on_the_monotonic_clock():
    before = SYSTEM_CLOCK.monotonic()
    await SYSTEM_CLOCK.sleep(0.01)
    assert SYSTEM_CLOCK.monotonic() - before >= 0.01
