"""Times of objects."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from convoy.kit.times import format_micro_time, format_time, parse_time

MOMENT = datetime(2026, 3, 1, 12, 0, 5, 250, tzinfo=UTC)


def test_times_are_written_in_utc():
    assert format_time(MOMENT.astimezone(timezone(timedelta(hours=5)))) == "2026-03-01T12:00:05Z"


def test_micro_times_have_six_decimals_always():
    assert format_micro_time(MOMENT) == "2026-03-01T12:00:05.000250Z"
    assert format_micro_time(MOMENT.replace(microsecond=0)) == "2026-03-01T12:00:05.000000Z"


def test_what_was_written_is_read_again():
    assert parse_time(format_micro_time(MOMENT)) == MOMENT
    assert parse_time("2026-03-01T17:00:05.00025+05:00") == MOMENT


@pytest.mark.parametrize("text", [None, "", 7, "yesterday", "2026-03-01T12:00:05"])
def test_what_tells_no_moment_is_none(text):
    assert parse_time(text) is None
