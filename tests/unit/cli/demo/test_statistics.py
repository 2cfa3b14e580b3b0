"""The binomial test rejects what it must and nothing else."""

import math

import pytest

from convoy.cli.demo.statistics import binomial_p_value, smallest_sample


def test_the_expected_count_has_p_value_one() -> None:
    assert binomial_p_value(500, 1000, 0.5) == pytest.approx(1.0)


@pytest.mark.parametrize(("successes", "trials", "probability"), [(3, 10, 0.5), (7, 20, 0.2), (0, 8, 0.3)])
def test_p_values_agree_with_a_plain_sum(successes: int, trials: int, probability: float) -> None:
    masses = [
        math.comb(trials, k) * probability**k * (1 - probability) ** (trials - k) for k in range(trials + 1)
    ]
    plain = sum(mass for mass in masses if mass <= masses[successes] * (1 + 1e-9))
    assert binomial_p_value(successes, trials, probability) == pytest.approx(plain)


def test_sixty_forty_is_rejected_as_half_and_half_as_surely_as_asked() -> None:
    trials = smallest_sample(0.5, 0.6, significance=1e-6, power=0.999)
    lowest = next(k for k in range(trials // 2, trials) if binomial_p_value(k, trials, 0.5) < 1e-6)
    surely = math.fsum(binomial_mass(k, trials, 0.6) for k in range(lowest, trials + 1))
    assert 0.9985 < surely < 0.9995
    assert binomial_p_value(trials // 2, trials, 0.5) > 0.9


def binomial_mass(k: int, trials: int, probability: float) -> float:
    logarithm = math.log(math.comb(trials, k)) + k * math.log(probability)
    return math.exp(logarithm + (trials - k) * math.log(1 - probability))


def test_more_successes_than_trials_are_an_error() -> None:
    with pytest.raises(ValueError, match="11 successes in 10 trials"):
        binomial_p_value(11, 10, 0.5)
