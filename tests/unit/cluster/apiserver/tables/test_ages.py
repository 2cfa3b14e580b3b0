"""Durations as Kubernetes prints them."""

from datetime import UTC, datetime, timedelta

import pytest

from convoy.cluster.apiserver.tables.ages import human_duration, since

DAY = 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119.9, "119s"),
        (120, "2m"),
        (123, "2m3s"),
        (599, "9m59s"),
        (600, "10m"),
        (179 * 60 + 59, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (8 * 3600 + 60, "8h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (49 * 3600, "2d1h"),
        (8 * DAY + 3600, "8d"),
        (729 * DAY, "729d"),
        (730 * DAY, "2y"),
        (735 * DAY, "2y5d"),
        (9 * 365 * DAY + 5, "9y"),
    ],
)
def test_a_duration_is_told_in_at_most_two_units(seconds: float, text: str) -> None:
    assert human_duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize("text", [None, "", "yesterday", "2024-01-01T00:00:00", 7])
def test_what_is_no_time_was_an_unknown_time_ago(text: object) -> None:
    assert since(text, datetime.now(UTC)) == "<unknown>"


def test_fractions_of_seconds_and_other_zones_are_read() -> None:
    now = datetime(2024, 1, 1, 0, 1, tzinfo=UTC)
    assert since("2024-01-01T00:00:00.000000Z", now) == "60s"
    assert since("2024-01-01T01:00:00+01:00", now) == "60s"
