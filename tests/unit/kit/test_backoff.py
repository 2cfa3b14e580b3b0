"""Facts about delays between attempts."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoy.kit.backoff import backoff


def test_delays_grow_to_their_bound_and_stay_there():
    assert list(islice(backoff(1, at_most=5, jitter=0), 5)) == [1, 2, 4, 5, 5]


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_the_factor_says_how_fast_they_grow(factor):
    assert list(islice(backoff(1, at_most=100, factor=factor, jitter=0), 3)) == [1, factor, factor**2]


@given(st.floats(0.01, 10), st.floats(0, 1))
def test_every_delay_stays_within_the_jitter(first, jitter):
    for delay in islice(backoff(first, at_most=first, jitter=jitter), 20):
        assert first * (1 - jitter) <= delay <= first * (1 + jitter) * (1 + 1e-9)


def test_clients_that_failed_together_do_not_come_back_together():
    assert len({next(backoff(1, at_most=1)) for _ in range(50)}) > 25
