"""Facts about how long changes are held."""

import itertools

import pytest

from convoy.config.holdoff import HoldOff


def released_after(changes, *, hold=None):
    """When the first release happens, for changes at times given as (time, endpoints_only)."""
    hold = hold or HoldOff()
    waiting = sorted(changes)
    now = waiting[0][0]
    while True:
        while waiting and waiting[0][0] <= now:
            at, endpoints_only = waiting.pop(0)
            hold.note(at, endpoints_only=endpoints_only)
        delay = hold.delay(now)
        if delay == 0:
            hold.release(now)
            return round(now, 3)
        now = min([now + delay, *(at for at, _ in waiting[:1])])


def busy():
    """A hold-off that released something at 0."""
    hold = HoldOff()
    assert released_after([(0.0, False)], hold=hold) == 0
    return hold


def test_lone_change_after_quiet_goes_out_at_once():
    assert released_after([(5.0, False)]) == 5.0


def test_change_soon_after_another_waits_for_quiet():
    assert released_after([(0.05, False)], hold=busy()) == 0.15


def test_change_after_quiet_is_a_lone_one_again():
    assert released_after([(0.1, False)], hold=busy()) == 0.1


def test_further_changes_prolong_the_wait():
    assert released_after([(0.05, False), (0.1, False), (0.15, False)], hold=busy()) == 0.25


@pytest.mark.parametrize(("endpoints_only", "bound"), [(True, 0.3), (False, 1.0)])
def test_wait_is_bounded(endpoints_only, bound):
    changes = [(0.05 + 0.05 * i, endpoints_only) for i in range(60)]
    assert released_after(changes, hold=busy()) == bound


def test_one_other_change_lifts_the_bound_of_endpoints():
    changes = [(0.05 + 0.05 * i, i != 3) for i in range(60)]
    assert released_after(changes, hold=busy()) == 1.0


@pytest.mark.parametrize(("work", "period"), [(0.0, 0.3), (0.05, 0.3), (0.2, 0.3), (0.28, 0.38), (1.0, 1.1)])
def test_work_of_the_reader_does_not_prolong_the_wait(work, period):
    """Changes come a hundred times a second; while the reader works nobody notes them."""
    hold, now, released = HoldOff(), 0.0, []
    while len(released) < 20:
        hold.note(now, endpoints_only=True)
        if hold.delay(now) == 0:
            hold.release(now)
            released.append(now)
            now += work
            hold.finish(now)
        now = round(now + 0.01, 3)
    # The first goes out at once; a release falls on the next change after it is due.
    gaps = {round(later - earlier, 3) for earlier, later in itertools.pairwise(released)}
    assert all(period <= gap <= period + 0.01 for gap in gaps)


def test_nothing_is_pending_after_a_release():
    hold = busy()
    assert not hold.is_pending
    hold.note(0.01, endpoints_only=True)
    assert hold.is_pending


def test_release_itself_counts_as_activity():
    hold = busy()
    assert released_after([(0.05, False)], hold=hold) == 0.15
    assert released_after([(0.2, False)], hold=hold) == 0.3
