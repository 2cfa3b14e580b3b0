"""Resources of a container, as its variables tell them."""

import pytest

from convoy.api.kube.core import Container
from convoy.cluster.kubelet.resource_fields import resource_field

LIMITED = Container(name="app", resources={"limits": {"cpu": "250m", "memory": "64Mi"}})


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
