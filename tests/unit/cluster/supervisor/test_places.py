"""Where clusters are: numbered ranges that stay with the folder."""

import stat
from pathlib import Path
from typing import Any

import pytest

from convoy.cluster.errors import ManifestError, WorldError
from convoy.cluster.supervisor.kube.places import Place, find_place
from convoy.cluster.types import KubeClusterSpec


def place(clusters: Path, name: str = "one", **spec: Any) -> Place:
    return find_place(clusters, KubeClusterSpec(name, **spec))


def test_clusters_have_ranges_of_their_own(tmp_path: Path) -> None:
    one, two = place(tmp_path, "one"), place(tmp_path, "two")
    assert (one.pod_cidr, one.service_cidr, one.region) == ("198.18.0.0/20", "198.18.16.0/20", "region-1")
    assert (two.pod_cidr, two.service_cidr, two.region) == ("198.18.32.0/20", "198.18.48.0/20", "region-2")


def test_the_first_services_have_the_usual_addresses(tmp_path: Path) -> None:
    one = place(tmp_path)
    assert (one.api_address, one.dns_address) == ("198.18.16.1", "198.18.16.10")


def test_a_cluster_stays_where_it_was(tmp_path: Path) -> None:
    places = {name: place(tmp_path, name) for name in ("one", "two", "three")}
    assert {name: place(tmp_path, name) for name in ("three", "one", "two")} == places


def test_a_number_that_was_purged_is_given_again(tmp_path: Path) -> None:
    place(tmp_path, "one")
    place(tmp_path, "two")
    (tmp_path / "one" / "network.json").unlink()
    assert place(tmp_path, "three").number == 0


def test_more_clusters_than_ranges_share(tmp_path: Path) -> None:
    places = [place(tmp_path, f"c{number}") for number in range(9)]
    assert places[8].pod_cidr == places[0].pod_cidr
    assert len({each.number for each in places}) == 9


def test_wanted_ranges_are_kept(tmp_path: Path) -> None:
    wanted = {"pod_cidr": "198.18.200.0/24", "service_cidr": "198.18.201.0/24", "region": "home"}
    assert place(tmp_path, **wanted) == place(tmp_path) == Place(0, *wanted.values())


@pytest.mark.parametrize("field", ["pod_cidr", "service_cidr", "region"])
def test_what_a_cluster_has_cannot_be_changed(tmp_path: Path, field: str) -> None:
    place(tmp_path)
    with pytest.raises(ManifestError, match="cannot become 198"):
        place(tmp_path, **{field: "198.18.210.0/24"})


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"pod_cidr": "10.0.0.0/16"}, "not a range of 198.18.0.0/16"),
        ({"pod_cidr": "198.18.1.0/27"}, "at least 64"),
        ({"service_cidr": "198.18.1.1/24"}, "not a range in CIDR form"),
        ({"pod_cidr": "198.18.0.0/17", "service_cidr": "198.18.5.0/24"}, "overlap"),
    ],
)
def test_ranges_that_cannot_work_are_refused(tmp_path: Path, spec: dict[str, str], why: str) -> None:
    with pytest.raises(ManifestError, match=why):
        place(tmp_path, **spec)
    assert list(tmp_path.iterdir()) == []


def test_more_nodes_than_the_range_has_room_for_are_refused(tmp_path: Path) -> None:
    assert len(place(tmp_path).nodes("one", 16)) == 16
    with pytest.raises(
        ManifestError, match=r"cluster one: 198\.18\.0\.0/20 has room for 16 nodes, not for 17"
    ):
        place(tmp_path).nodes("one", 17)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    place(tmp_path)
    (tmp_path / "one" / "network.json").write_text("{")
    with pytest.raises(WorldError, match=r"network\.json is damaged"):
        place(tmp_path)


def test_a_place_is_closed_to_others(tmp_path: Path) -> None:
    place(tmp_path)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("one", "one/network.json")]
    assert modes == [0o700, 0o600]
