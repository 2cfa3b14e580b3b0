"""What is read off pods."""

from typing import Any

import pytest
from tests.unit.mesh.objects import pod, resolve, service

REGION, ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"
SUBZONE = "topology.istio.io/subzone"
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node-1", "labels": {REGION: "west", ZONE: "west-a"}},
}


def locality(labels: dict[str, str], *, node: str = "node-1") -> str:
    """Where the mesh believes a pod to be."""
    written: dict[str, Any] = pod("reviews", "198.18.1.1")
    written["metadata"]["labels"] |= labels
    written["spec"]["nodeName"] = node
    found = resolve(NODE, written, service("reviews", {"port": 9080, "name": "http"}))
    [[endpoint]] = [each for each in found.endpoints.values() if each]
    return endpoint.locality


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, "west/west-a"),
        ({REGION: "east", ZONE: "east-b", SUBZONE: "rack-1"}, "east/east-b/rack-1"),
        ({REGION: "east"}, "east"),
        ({"istio-locality": "north.north-a.rack-2", REGION: "east"}, "north/north-a/rack-2"),
        ({"istio-locality": "north"}, "north"),
    ],
)
def test_a_pods_own_labels_come_before_those_of_its_node(labels: dict[str, str], expected: str) -> None:
    assert locality(labels) == expected


def test_a_pod_without_labels_on_an_unknown_node_is_nowhere() -> None:
    assert locality({}, node="elsewhere") == ""
