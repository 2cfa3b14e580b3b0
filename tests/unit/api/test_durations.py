"""Facts about durations as the API writes them."""

from datetime import timedelta

import pytest

from convoy.api.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2s", 2000),
        ("100ms", 100),
        ("1.5s", 1500),
        ("1h30m", 5_400_000),
        ("0", 0),
        ("-1s", -1000),
        (".5s", 500),
    ],
)
def test_duration_is_read(text, milliseconds):
    assert parse_duration(text) == timedelta(milliseconds=milliseconds)


@pytest.mark.parametrize(
    "text", ["", "10", "s", "1 s", "1d", "1s2", "9999999999999999999h", "1" * 50 + "s", "١s"]
)
def test_what_is_none_is_refused(text):
    with pytest.raises(ValueError, match="a duration"):
        parse_duration(text)
