"""Cron schedules."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convoy.cluster.controllers.cronjobs.schedules import ScheduleError, parse_schedule

START = datetime(2030, 1, 1, 12, 0, 30, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", "2030-01-01 12:01"),
        ("*/15 * * * *", "2030-01-01 12:15"),
        ("5/20 * * * *", "2030-01-01 12:05"),
        ("0 0 1 * *", "2030-02-01 00:00"),
        ("30 9 * * mon-fri", "2030-01-02 09:30"),
        ("0 12 * * 7", "2030-01-06 12:00"),
        ("0 0 29 2 *", "2032-02-29 00:00"),
        ("0 0 13 * FRI", "2030-01-04 00:00"),
        ("@hourly", "2030-01-01 13:00"),
        ("@weekly", "2030-01-06 00:00"),
        ("@yearly", "2031-01-01 00:00"),
        ("0 8 1,15 JAN,jul *", "2030-01-15 08:00"),
        ("TZ=Europe/Paris 0 14 * * *", "2030-01-01 13:00"),
    ],
)
def test_the_next_time_of_a_schedule(text, expected):
    following = parse_schedule(text).next_after(START)
    assert following is not None
    assert following.strftime("%Y-%m-%d %H:%M") == expected


def test_a_time_zone_follows_daylight_saving():
    schedule = parse_schedule("0 9 * * *", "America/New_York")
    winter = schedule.next_after(datetime(2030, 1, 1, tzinfo=UTC))
    summer = schedule.next_after(datetime(2030, 7, 1, tzinfo=UTC))
    assert winter is not None
    assert summer is not None
    assert (winter.hour, summer.hour) == (14, 13)


def test_a_time_that_the_clocks_pass_over_is_left_out():
    schedule = parse_schedule("30 2 * * *", "Europe/Paris")
    following = schedule.next_after(datetime(2030, 3, 31, 0, 0, tzinfo=UTC))
    assert following == datetime(2030, 4, 1, 0, 30, tzinfo=UTC)


def test_an_interval_counts_from_the_last_time():
    assert parse_schedule("@every 1h30m").next_after(START) == START + timedelta(minutes=90)


def test_a_day_that_never_comes_is_given_up():
    assert parse_schedule("0 0 31 2 *").next_after(START) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "*/0 * * * *",
        "a * * * *",
        "5-2 * * * *",
        "@every x",
        "TZ=Nowhere/Land * * * * *",
    ],
)
def test_what_is_no_schedule_is_refused(text):
    with pytest.raises(ScheduleError):
        parse_schedule(text)


fields = st.tuples(
    st.sampled_from(["*", "*/7", "0", "5,35", "10-20"]),
    st.sampled_from(["*", "*/6", "3", "22-23"]),
    st.sampled_from(["*", "1", "15,31", "*/10"]),
    st.sampled_from(["*", "2", "6-8"]),
    st.sampled_from(["*", "0", "1-5", "6,7"]),
)


@settings(max_examples=40)
@given(fields, st.integers(0, 400_000))
def test_the_next_time_is_the_first_minute_that_matches(parts, minutes):
    at = START + timedelta(minutes=minutes)
    schedule = parse_schedule(" ".join(parts))
    found = schedule.next_after(at)
    assert found is not None
    assert found > at
    probe = at.replace(second=0) + timedelta(minutes=1)
    for _ in range(3000):  # two days, looked at one by one
        matches = (
            probe.minute in schedule.minutes
            and probe.hour in schedule.hours
            and probe.month in schedule.months
            and is_day(parts, schedule, probe)
        )
        if probe == found or matches:
            assert matches
            assert probe == found
            return
        probe += timedelta(minutes=1)


def is_day(parts, schedule, at):
    by_month, by_week = at.day in schedule.days, at.isoweekday() % 7 in schedule.weekdays
    if "*" in (parts[2][0], parts[4][0]):
        return by_month and by_week
    return by_month or by_week
