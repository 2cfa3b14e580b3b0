"""Facts about endpoints as Envoy gets them."""

from hypothesis import given
from hypothesis import strategies as st
from tests.kit.parts import assignment, endpoint, key

from convoy.xds.build.endpoints import build_assignment

ENDPOINTS = [endpoint(f"10.0.{n}.1", locality=f"eu/eu-{n % 2}/a", weight=n) for n in range(1, 6)]


def test_endpoints_stand_in_their_locality_and_weigh_together() -> None:
    built = build_assignment(
        assignment(
            key("reviews"),
            endpoint("10.0.0.2", locality="eu/eu-1", weight=3),
            endpoint("10.0.0.1", locality="eu/eu-1"),
            endpoint("10.0.0.3", locality=""),
        )
    )
    assert [(e.locality.region, e.locality.zone, e.load_balancing_weight.value) for e in built.endpoints] == [
        ("", "", 1),
        ("eu", "eu-1", 4),
    ]


def test_only_endpoints_that_accept_mutual_tls_say_so() -> None:
    built = build_assignment(
        assignment(key("reviews"), endpoint("10.0.0.1"), endpoint("10.0.0.2", accepts_mtls=False))
    )
    secure, plain = built.endpoints[0].lb_endpoints
    assert secure.metadata.filter_metadata["envoy.transport_socket_match"]["tlsMode"] == "istio"
    assert not plain.HasField("metadata")


def test_no_endpoints_are_an_answer_too() -> None:
    built = build_assignment(assignment(key("reviews")))
    assert built.cluster_name == "outbound|9080||reviews.default.svc.cluster.local"
    assert not built.endpoints


@given(st.permutations(ENDPOINTS))
def test_any_order_of_endpoints_gives_the_same_bytes(order: list[object]) -> None:
    expected = build_assignment(assignment(key("reviews"), *ENDPOINTS))
    built = build_assignment(assignment(key("reviews"), *order))  # type: ignore[arg-type]
    assert built.SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)


def test_weights_that_envoy_cannot_add_up_keep_their_proportion() -> None:
    built = build_assignment(
        assignment(
            key("reviews"),
            endpoint("198.18.0.1", weight=2**32 - 1),
            endpoint("198.18.0.2", weight=2**31),
            endpoint("198.18.0.3", weight=1),
        )
    )
    (locality,) = built.endpoints
    weights = [member.load_balancing_weight.value for member in locality.lb_endpoints]
    assert sum(weights) == locality.load_balancing_weight.value < 2**32
    assert abs(weights[0] / weights[1] - 2) < 0.001
    assert weights[2] == 1
