"""What a node says of itself."""

from pathlib import Path

from convoy.cluster.kubelet.node import build_node, build_node_status
from convoy.cluster.kubelet.settings import NodeSettings

NODE = NodeSettings(
    "n1", Path("/nowhere"), hidden=(), kept=(), images=tuple, region="r", zone="z", pod_cidr="10.0.0.0/24"
)


def test_a_node_is_labelled_with_its_place() -> None:
    node = build_node(NODE)
    assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "z"
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "n1"
    assert node["spec"] == {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"]}


def test_a_heartbeat_leaves_transitions_and_others_conditions_alone() -> None:
    def status(old: dict[str, object], now: str) -> dict[str, object]:
        return build_node_status(old, name="n1", address="10.0.0.1", capacity={"cpu": "2"}, now=now)

    first = status({"conditions": [{"type": "NetworkUnavailable", "status": "False"}]}, "1")
    second = status(first, "2")
    conditions = {each["type"]: each for each in second["conditions"]}  # type: ignore[attr-defined]
    assert conditions["Ready"] == {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
        "lastHeartbeatTime": "2",
        "lastTransitionTime": "1",
    }
    assert "NetworkUnavailable" in conditions
