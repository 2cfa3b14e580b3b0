"""What a sidecar does with connections to its workload."""

from typing import Any

import pytest
from tests.unit.mesh.objects import codes, pod, problems, resolve, service
from tests.unit.mesh.objects import peer_authentication as policy

from convoy.api.istio.peer_authentication import MtlsMode
from convoy.mesh.model import InboundPart, Protocol

REVIEWS = pod("reviews", "198.18.1.1")
ROOT = "istio-system"


def inbound(*objects: dict[str, Any]) -> InboundPart:
    found = resolve(REVIEWS, *objects).workloads["reviews.default"].inbound
    assert found is not None
    return found


def test_ports_are_target_ports() -> None:
    made = service("reviews", {"port": 80, "name": "http", "targetPort": 9080}, {"port": 5432, "name": "tcp"})
    found = inbound(made)

    assert [(port.port, port.protocol) for port in found.ports] == [
        (5432, Protocol.TCP),
        (9080, Protocol.HTTP),
    ]


def test_services_that_disagree_leave_it_open() -> None:
    objects = (
        service("reviews", {"port": 80, "name": "http", "targetPort": 9080}),
        service(
            "also", {"port": 81, "name": "tcp", "targetPort": 9080}, spec={"selector": {"app": "reviews"}}
        ),
    )
    assert [port.protocol for port in inbound(*objects).ports] == [Protocol.AUTO]
    assert codes(problems(REVIEWS, *objects)) == ["CVY0234"]


@pytest.mark.parametrize(
    ("policies", "wanted"),
    [
        ([], MtlsMode.PERMISSIVE),
        ([policy("mesh", "STRICT", namespace=ROOT)], MtlsMode.STRICT),
        ([policy("mesh", "STRICT", namespace=ROOT), policy("ns", "DISABLE")], MtlsMode.DISABLE),
        ([policy("mesh", "STRICT", namespace=ROOT), policy("ns", "UNSET")], MtlsMode.STRICT),
        ([policy("ns", "STRICT"), policy("one", "PERMISSIVE", selects="reviews")], MtlsMode.PERMISSIVE),
        ([policy("ns", "STRICT"), policy("one", None, selects="reviews")], MtlsMode.STRICT),
        ([policy("ns", "STRICT"), policy("one", "DISABLE", selects="other")], MtlsMode.STRICT),
        ([policy("a", "STRICT", age=1), policy("b", "DISABLE", age=2)], MtlsMode.DISABLE),
        (
            [
                policy("a", "STRICT", selects="reviews", age=2),
                policy("b", "DISABLE", selects="reviews", age=1),
            ],
            MtlsMode.STRICT,
        ),
        ([policy("mesh", "STRICT", namespace=ROOT, selects="reviews")], MtlsMode.PERMISSIVE),
        ([policy("other", "STRICT", namespace="web")], MtlsMode.PERMISSIVE),
    ],
)
def test_mode_is_the_nearest_policys(policies: list[dict[str, Any]], wanted: MtlsMode) -> None:
    found = inbound(service("reviews", 9080), *policies)

    assert found.default_mode is wanted
    assert [port.mode for port in found.ports] == [wanted]


def test_modes_by_port() -> None:
    ports = {9080: "DISABLE", 9090: "PERMISSIVE", 9091: "UNSET"}
    found = inbound(service("reviews", 9080), policy("one", "STRICT", selects="reviews", ports=ports))

    assert [(port.port, port.mode) for port in found.ports] == [(9080, MtlsMode.DISABLE)]
    assert found.port_modes == ((9090, MtlsMode.PERMISSIVE), (9091, MtlsMode.STRICT))
    assert found.default_mode is MtlsMode.STRICT


def test_replicas_share_the_part() -> None:
    snapshot = resolve(REVIEWS, pod("second", "198.18.1.2", app="reviews"), service("reviews", 9080))

    assert snapshot.workloads["reviews.default"].inbound is snapshot.workloads["second.default"].inbound


def test_policies_without_effect_are_told() -> None:
    found = problems(
        REVIEWS,
        policy("root", "STRICT", namespace=ROOT, selects="reviews"),
        policy("a", "STRICT"),
        policy("b", "DISABLE"),
    )
    assert [(problem.code.id, problem.key and problem.key.name) for problem in found] == [
        ("CVY0251", "b"),
        ("CVY0251", "root"),
    ]


def test_pods_without_proxy_are_no_workloads() -> None:
    assert "bare.default" not in resolve(pod("bare", "198.18.1.9", sidecar=False)).workloads
