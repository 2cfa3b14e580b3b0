"""Names of events."""

from datetime import UTC, datetime, timedelta

from convoy.cluster.machinery.event_names import event_name

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 900_000, tzinfo=UTC)


def test_names_are_in_the_order_of_the_events() -> None:
    moments = [MOMENT + timedelta(microseconds=each) for each in (0, 1, 50, 100_000, 10**12)]
    names = [event_name("web", moment) for moment in moments]
    assert names == sorted(names)


def test_events_of_one_moment_have_names_of_their_own() -> None:
    assert len({event_name("web", MOMENT) for _ in range(3)}) > 1


def test_a_long_name_leaves_room_for_the_rest() -> None:
    assert len(event_name("x" * 253, MOMENT)) <= 253
