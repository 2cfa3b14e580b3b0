"""In which order, and with which shares, endpoints in several places are used."""

from hypothesis import given
from hypothesis import strategies as st
from tests.kit.parts import endpoint

from convoy.mesh.localities import matches, place
from convoy.mesh.model import Distribution, Endpoint, LocalityPolicy, Vantage

HERE = "r1/z1/s1"
NEAREST = LocalityPolicy(fails_over=True)


def at(*places: str) -> list[Endpoint]:
    """An endpoint in each place."""
    return [endpoint(f"198.18.1.{number}", locality=one) for number, one in enumerate(places, 1)]


def order(
    endpoints: list[Endpoint], policy: LocalityPolicy, vantage: Vantage | None = None
) -> dict[str, int]:
    """The priority of each locality."""
    groups = place(endpoints, policy, vantage or Vantage(HERE))
    return {group.locality: group.priority for group in groups}


def weights(
    endpoints: list[Endpoint], policy: LocalityPolicy, vantage: Vantage | None = None
) -> dict[str, int]:
    """The weight of each locality of the first priority."""
    groups = place(endpoints, policy, vantage or Vantage(HERE))
    return {group.locality: group.weight for group in groups if group.priority == 0}


def test_without_a_policy_all_are_alike_and_weigh_what_their_endpoints_weigh() -> None:
    two, one = endpoint("198.18.1.9", locality="r2", weight=2), endpoint("198.18.1.8", locality="r1")
    groups = place([two, one, endpoint("198.18.1.7", locality="r1")], None, Vantage(HERE))
    assert [(one.priority, one.locality, one.weight) for one in groups] == [(0, "r1", 2), (0, "r2", 2)]


def test_the_nearer_the_earlier() -> None:
    places = at("r2/z1/s1", "r1/z2/s1", "r1/z1/s2", HERE)
    assert order(places, NEAREST) == {HERE: 0, "r1/z1/s2": 1, "r1/z2/s1": 2, "r2/z1/s1": 3}


def test_priorities_have_no_gaps() -> None:
    assert order(at("r2", "r1/z2"), NEAREST) == {"r1/z2": 0, "r2": 1}


def test_a_region_may_stand_in_for_the_callers() -> None:
    policy = LocalityPolicy(fails_over=True, failover_regions=(("r9", "r3"), ("r1", "r2")))
    assert order(at("r1/z2", "r2", "r3"), policy) == {"r1/z2": 0, "r2": 1, "r3": 2}
    assert order(at("r2", "r3"), policy, Vantage("r7")) == {"r2": 0, "r3": 0}


def test_labels_count_before_places_and_stop_at_the_first_that_differs() -> None:
    policy = LocalityPolicy(fails_over=True, priority_labels=("network", "version=v2"))
    made = {
        "none": (("network", "b"), ("version", "v2")),
        "one": (("network", "a"), ("version", "v1")),
        "both": (("network", "a"), ("version", "v2")),
    }
    endpoints = [
        endpoint(f"198.18.1.{number}", locality=HERE if name == "none" else "r2", labels=labels)
        for number, (name, labels) in enumerate(made.items())
    ]
    groups = place(endpoints, policy, Vantage(HERE, (("network", "a"),)))
    assert [group.members[0].address for group in groups] == ["198.18.1.2", "198.18.1.1", "198.18.1.0"]
    assert [group.priority for group in groups] == [0, 1, 2]


def test_a_label_that_both_lack_is_shared() -> None:
    policy = LocalityPolicy(fails_over=True, priority_labels=("zone",))
    groups = place([endpoint("198.18.1.1", locality=HERE)], policy, Vantage(HERE))
    assert [group.priority for group in groups] == [0]


def test_shares_are_those_of_the_first_that_is_about_the_caller() -> None:
    policy = LocalityPolicy(
        distributions=(
            Distribution("r2/*", (("*", 100),)),
            Distribution("r1/*", (("r1/z1/*", 80), ("r2/*", 20))),
            Distribution("*", (("r3", 100),)),
        )
    )
    assert weights(at("r1/z1/a", "r2/z1", "r3"), policy) == {"r1/z1/a": 80, "r2/z1": 20}
    assert weights(at("r1", "r3"), policy, Vantage("r8")) == {"r3": 100}


def test_a_share_of_several_localities_is_divided_by_their_endpoints() -> None:
    policy = LocalityPolicy(distributions=(Distribution("*", (("r1/*", 60), ("r2", 40))),))
    places = [*at("r1/z1", "r1/z2", "r2"), endpoint("198.18.1.9", locality="r1/z2")]
    assert weights(places, policy) == {"r1/z1": 20, "r1/z2": 40, "r2": 40}


def test_callers_nobody_speaks_of_use_all() -> None:
    policy = LocalityPolicy(distributions=(Distribution("r9", (("r1", 100),)),))
    assert weights(at("r1", "r2"), policy) == {"r1": 1, "r2": 1}


def zones(smallest: int = 2) -> LocalityPolicy:
    return LocalityPolicy(zone_aware_from=smallest)


def test_a_zone_with_enough_endpoints_keeps_its_callers() -> None:
    vantage = Vantage("r1/a", peers=(("r1/a", 1), ("r1/b", 1)))
    assert weights(at("r1/a", "r1/b"), zones(), vantage) == {"r1/a": 1}
    assert order(at("r1/a", "r1/b"), zones(), vantage) == {"r1/a": 0, "r1/b": 1}


def test_what_a_zone_cannot_serve_goes_where_there_is_room() -> None:
    vantage = Vantage("r1/a", peers=(("r1/a", 2), ("r1/b", 1), ("r1/c", 1)))
    places = at("r1/a", "r1/b", "r1/c", "r1/c")
    # A quarter of the endpoints for half of the callers; of the rest only c has more than its callers need.
    assert weights(places, zones(), vantage) == {"r1/a": 5000, "r1/c": 5000}


def test_zones_do_not_count_below_a_number_of_endpoints_or_without_one_here() -> None:
    vantage = Vantage("r1/a", peers=(("r1/a", 1),))
    assert weights(at("r1/a", "r1/b"), zones(6), vantage) == {"r1/a": 1, "r1/b": 1}
    assert weights(at("r1/c", "r1/b"), zones(), vantage) == {"r1/c": 1, "r1/b": 1}


@given(
    st.lists(st.sampled_from(["", "r1", "r1/a", "r1/b/c", "r2/a", "r3"]), min_size=1, max_size=8),
    st.booleans(),
    st.none() | st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from(["r1/a", "r1", "r2/a"]), st.integers(1, 5)), max_size=3),
)
def test_nobody_is_lost_and_priorities_begin_at_0_without_gaps(
    places: list[str], fails_over: bool, zone_aware_from: int | None, peers: list[tuple[str, int]]
) -> None:
    policy = LocalityPolicy(
        fails_over=fails_over, failover_regions=(("r1", "r3"),), zone_aware_from=zone_aware_from
    )
    endpoints = at(*places)
    groups = place(endpoints, policy, Vantage("r1/a", peers=tuple(sorted(dict(peers).items()))))
    assert sorted(one.address for group in groups for one in group.members) == sorted(
        one.address for one in endpoints
    )
    assert {group.priority for group in groups} == set(range(1 + max(group.priority for group in groups)))
    assert all(group.weight > 0 for group in groups)


def test_localities_match_in_part_and_by_star() -> None:
    assert matches("r1/z1/s1", "r1")
    assert matches("r1/z1/s1", "*")
    assert matches("r1/z1/s1", "r1/*")
    assert not matches("r1/z1/s1", "r1/z2")
    assert not matches("r10", "r1")
