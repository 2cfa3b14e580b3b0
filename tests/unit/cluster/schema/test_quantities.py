"""Resource quantities."""

from decimal import Decimal

import pytest

from convoy.cluster.schema.quantities import canonical, is_quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"),
        ("100m", "0.1"),
        ("1.5Gi", "1610612736"),
        ("1e3", "1000"),
        ("1E", "1000000000000000000"),
        ("1E2", "100"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-2k", "-2000"),
        ("7n", "0.000000007"),
    ],
)
def test_quantities_have_exact_values(text: str, value: str):
    assert parse_quantity(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "k", "1 k", "1Q", "--1", "1kB", "1e", "0x1", "1,5", "١"])
def test_other_texts_are_none(text: str):
    assert not is_quantity(text)
    with pytest.raises(ValueError, match="quantities must match"):
        parse_quantity(text)


def test_equal_ones_look_alike():
    assert canonical(parse_quantity("1000m")) == canonical(parse_quantity("1")) == "1"
    assert canonical(parse_quantity("1Ki")) == "1024"
    assert canonical(parse_quantity("0.0")) == "0"


@pytest.mark.parametrize("power", ["999999999", "9" * 5000])
def test_powers_beyond_all_arithmetic_still_compare(power: str):
    assert parse_quantity(f"1e-{power}") < parse_quantity("1n") < parse_quantity(f"1e{power}")
