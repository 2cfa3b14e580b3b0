"""A pod named on the command line is one pod, or a sentence says which there are."""

import pytest

from convoy.cli.local.errors import LocalMeshError
from convoy.cli.running import choose_pod, running_clusters

PLACES = [
    ("cluster1", "default", "reviews-v1"),
    ("cluster1", "istio-system", "gateway"),
    ("cluster2", "istio-system", "gateway"),
    ("cluster2", "a", "twin"),
    ("cluster2", "b", "twin"),
    ("cluster1", "default", "details-v1-abc-xyz"),
    ("cluster1", "default", "many-1-a"),
    ("cluster1", "default", "many-1-b"),
]


@pytest.mark.parametrize("name", ["reviews-v1", "reviews-v1.default"])
def test_a_pod_is_found_with_or_without_its_namespace(name) -> None:
    assert choose_pod(PLACES, name, "any cluster") == PLACES[0]


def test_a_deployment_stands_for_its_only_pod() -> None:
    assert choose_pod(PLACES, "details-v1.default", "any cluster")[2] == "details-v1-abc-xyz"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "nope",
            "There is no pod nope in any cluster. "
            "Pods there: details-v1-abc-xyz.default, gateway.istio-system, many-1-a.default, "
            "many-1-b.default, reviews-v1.default, twin.a, twin.b.",
        ),
        ("gateway", "Several pods are called gateway: say --cluster cluster1 or --cluster cluster2."),
        ("twin", "Several pods are called twin: say twin.a or twin.b."),
        ("many", "Several pods are called many: say many-1-a.default or many-1-b.default."),
    ],
)
def test_no_pod_or_several_are_said_with_what_to_say_instead(name, sentence) -> None:
    with pytest.raises(LocalMeshError) as refused:
        choose_pod(PLACES, name, "any cluster")
    assert str(refused.value) == sentence


async def test_nothing_running_is_said_and_makes_no_folder(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("CONVOY_HOME", str(tmp_path / "none"))
    with pytest.raises(LocalMeshError, match="start them with `convoy up`"):
        await running_clusters()
    assert not (tmp_path / "none").exists()
