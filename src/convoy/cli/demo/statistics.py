"""Is a count what chance would give? Exact binomial tests, in logarithms, so that many trials are fine."""

import math


def binomial_p_value(successes: int, trials: int, probability: float) -> float:
    """The two-sided p-value of `successes` in `trials` when each succeeds with `probability` (0 < p < 1).

    Sums the probabilities of all outcomes that are no likelier than the one seen (the exact test of Clopper
    and Pearson's kind, as statistical packages do it).
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    seen = _log_mass(successes, trials, probability)
    # Outcomes that tie with the one seen must count although their logarithms differ in the last digits.
    limit = seen + 1e-9
    masses = (_log_mass(k, trials, probability) for k in range(trials + 1))
    return min(1.0, math.fsum(math.exp(mass) for mass in masses if mass <= limit))


def _log_mass(successes: int, trials: int, probability: float) -> float:
    choose = math.lgamma(trials + 1) - math.lgamma(successes + 1) - math.lgamma(trials - successes + 1)
    return choose + successes * math.log(probability) + (trials - successes) * math.log1p(-probability)


def smallest_sample(probability: float, nearest_wrong: float, *, significance: float) -> int:
    """Trials so that a share of `nearest_wrong` is all but sure to be rejected as `probability`.

    With the normal approximation: the wrong share's mean lies twice the critical distance from the right one.
    """
    critical = math.sqrt(2) * _inverse_erfc(significance)
    spread = math.sqrt(probability * (1 - probability)) + math.sqrt(nearest_wrong * (1 - nearest_wrong))
    return math.ceil((critical * spread / (nearest_wrong - probability)) ** 2)


def _inverse_erfc(value: float) -> float:
    """The x with erfc(x) = value, by bisection; value in (0, 1)."""
    low, high = 0.0, 10.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erfc(middle) > value else (low, middle)
    return low
