"""Quantities of resources."""

from decimal import Decimal

import pytest

from convoy.api.kube.core import Container
from convoy.cluster.kubelet.quantities import parse_quantity, resource_field

LIMITED = Container(name="app", resources={"limits": {"cpu": "250m", "memory": "64Mi"}})


@pytest.mark.parametrize(
    ("text", "number"),
    [("250m", "0.25"), ("1Gi", "1073741824"), ("2e3", "2000"), ("1E", "1e18"), ("5", "5"), ("1.5k", "1500")],
)
def test_a_quantity_is_an_exact_number(text: str, number: str) -> None:
    assert parse_quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "x", "1Q", "1 Gi", "--1"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ({"resource": "limits.cpu"}, "1"),
        ({"resource": "limits.cpu", "divisor": "1m"}, "250"),
        ({"resource": "limits.memory", "divisor": "1Mi"}, "64"),
        ({"resource": "requests.memory"}, str(64 << 20)),
        ({"resource": "limits.ephemeral-storage"}, "7"),
        ({"resource": "limits.cpu", "divisor": "0"}, "1"),
    ],
)
def test_a_resource_is_told_in_units_of_its_divisor(reference: dict[str, str], value: str) -> None:
    assert resource_field(LIMITED, reference, {"ephemeral-storage": "7"}) == value


def test_an_unknown_resource_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a resource"):
        resource_field(LIMITED, {"resource": "cpu"}, {})
