"""Is a count what chance would give? Exact binomial tests, in logarithms, so that many trials are fine."""

import math
from statistics import NormalDist


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


def smallest_sample(probability: float, nearest_wrong: float, *, significance: float, power: float) -> int:
    """Trials to reject a share of `nearest_wrong` as `probability`; `power` (0.5..1) says how surely.

    With the normal approximation of the binomial distribution.
    """
    normal = NormalDist()
    needed = normal.inv_cdf(1 - significance / 2) * math.sqrt(probability * (1 - probability))
    needed += normal.inv_cdf(power) * math.sqrt(nearest_wrong * (1 - nearest_wrong))
    return math.ceil((needed / (nearest_wrong - probability)) ** 2)
