"""A pod named on the command line is one pod, or a sentence says which there are."""

import pytest

from convoy.cli.local.errors import LocalMeshError
from convoy.cli.running import choose_pod, running_world

PLACES = [
    ("cluster1", "default", "reviews-v1"),
    ("cluster1", "istio-system", "gateway"),
    ("cluster2", "istio-system", "gateway"),
    ("cluster2", "a", "twin"),
    ("cluster2", "b", "twin"),
]


@pytest.mark.parametrize("name", ["reviews-v1", "reviews-v1.default"])
def test_a_pod_is_found_with_or_without_its_namespace(name) -> None:
    assert choose_pod(PLACES, name, "any cluster") == PLACES[0]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "nope",
            "There is no pod nope in any cluster. "
            "Pods there: gateway.istio-system, reviews-v1.default, twin.a, twin.b.",
        ),
        ("gateway", "Several pods are called gateway: say --cluster cluster1 or --cluster cluster2."),
        ("twin", "Several pods are called twin: say twin.a or twin.b."),
    ],
)
def test_no_pod_or_several_are_said_with_what_to_say_instead(name, sentence) -> None:
    with pytest.raises(LocalMeshError) as refused:
        choose_pod(PLACES, name, "any cluster")
    assert str(refused.value) == sentence


async def test_nothing_running_is_said_and_makes_no_folder(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("CONVOY_HOME", str(tmp_path / "none"))
    with pytest.raises(LocalMeshError, match="start one in another terminal with `convoy demo --keep`"):
        async with running_world():
            pass
    assert not (tmp_path / "none").exists()
