"""Whether requests were shared as said, so that a right share is called wrong once in a million runs."""

from collections import Counter
from collections.abc import Mapping

from convoy.cli.demo.statistics import binomial_p_value

SIGNIFICANCE = 1e-6


def assert_shares(found: Counter[str], expected: Mapping[str, float]) -> None:
    """Each one's count is what chance would give for its share, and nobody else has any."""
    total, whole = sum(found.values()), sum(expected.values())
    assert total > 0
    assert set(found) <= set(expected), found
    for name, share in expected.items():
        if share in (0, whole):
            assert found[name] == (total if share else 0), found
            continue
        chance = binomial_p_value(found[name], total, share / whole)
        assert chance >= SIGNIFICANCE / len(expected), f"{found} is not shared as {dict(expected)}"
