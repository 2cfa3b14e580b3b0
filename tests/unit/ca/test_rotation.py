"""Facts about when certificates are renewed."""

from datetime import UTC, datetime, timedelta

import pytest

from convoy.ca.rotation import LONGEST_STEP, plan_renewal, wait_step

OBTAINED = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
def test_renewal_comes_at_about_half_of_life(spread):
    plan = plan_renewal(OBTAINED, OBTAINED + timedelta(hours=10), spread=spread)
    assert timedelta(hours=4.5) <= plan - OBTAINED <= timedelta(hours=5.5)


def test_spread_moves_the_plan():
    expires = OBTAINED + timedelta(hours=10)
    assert plan_renewal(OBTAINED, expires, spread=0.1) < plan_renewal(OBTAINED, expires, spread=0.9)


def test_certificate_that_arrives_expired_is_renewed_at_once():
    plan = plan_renewal(OBTAINED, OBTAINED - timedelta(hours=1), spread=0.5)
    assert wait_step(OBTAINED, plan) == timedelta(0)


def test_after_a_suspend_an_overdue_renewal_is_due_at_once():
    plan = plan_renewal(OBTAINED, OBTAINED + timedelta(hours=1), spread=0.5)
    assert wait_step(OBTAINED + timedelta(days=2), plan) == timedelta(0)


def test_waiting_goes_in_short_steps():
    assert wait_step(OBTAINED, OBTAINED + timedelta(hours=3)) == LONGEST_STEP
