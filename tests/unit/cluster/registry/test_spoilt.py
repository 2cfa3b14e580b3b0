"""Whatever stands at whatever place of an object, it is kept or refused in words."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from tests.unit.cluster.registry.cluster import Cluster, crd, deployment, pod, widget

from convoy.cluster.machinery.statuses import StatusError

JUNK: list[Any] = [None, -1, 1.5, True, "", "Ä", [], {}, ["a"], [None], [{}], {"a": None}, {"a": {"b": 1}}]
RICH_POD = pod(
    "spoilt",
    labels={"a": "b"},
    finalizers=["example.com/a"],
    ownerReferences=[{"apiVersion": "v1", "kind": "X", "name": "n", "uid": "u"}],
    spec={
        "tolerations": [{"key": "a", "operator": "Exists"}],
        "volumes": [{"name": "v", "emptyDir": {}}],
        "containers": [
            {
                "name": "main",
                "image": "curl",
                "ports": [{"containerPort": 80}],
                "resources": {"limits": {"cpu": "1"}},
            }
        ],
    },
)
SCALER = {
    "metadata": {"name": "spoilt"},
    "spec": {
        "scaleTargetRef": {"kind": "Deployment", "name": "d"},
        "maxReplicas": 2,
        "targetCPUUtilizationPercentage": 5,
    },
}
SAMPLES = {
    "pods": RICH_POD,
    "extensions/v1beta1/deployments": deployment("spoilt", api_version="extensions/v1beta1"),
    "autoscaling/v1/horizontalpodautoscalers": SCALER,
    "secrets": {"metadata": {"name": "spoilt"}, "data": {"a": "YQ=="}, "stringData": {"b": "c"}},
    "customresourcedefinitions": crd("spoilts", "Spoilt", version={"subresources": {"status": {}}}),
    "widgets": widget("spoilt", spec={"size": 2}, labels={"a": "b"}),
}
PLACES_OF_PATCHES = ("metadata", "spec", "status", "data")


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place below the top."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in pairs:
        yield (*path, key)
        yield from paths(child, (*path, key))


def spoilt(sample: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The sample with each kind of junk at each place."""
    for *parents, last in paths(sample):
        for junk in JUNK:
            obj = place = orjson.loads(orjson.dumps(sample))
            for step in parents:
                place = place[step]
            place[last] = junk
            yield obj


@pytest.mark.parametrize("plural", SAMPLES)
async def test_spoilt_object_is_kept_or_refused_in_words(cluster: Cluster, plural: str) -> None:
    await cluster.create("customresourcedefinitions", crd())
    outcomes = set()
    for obj in spoilt(SAMPLES[plural]):
        try:
            await cluster.create(plural, obj, field_validation="Ignore", dry_run=True)
            outcomes.add(201)
        except StatusError as error:
            outcomes.add(error.code)
    assert outcomes <= {201, 400, 403, 404, 422}, outcomes
    assert {201, 400} <= outcomes


@pytest.mark.parametrize("kind", ["merge", "strategic", "apply"])
async def test_spoilt_patch_is_taken_or_refused_in_words(cluster: Cluster, kind: Any) -> None:
    await cluster.create("deployments", deployment("spoilt"))
    outcomes = set()
    for body in [
        *JUNK,
        *({place: junk} for place in PLACES_OF_PATCHES for junk in JUNK),
        *spoilt(deployment("spoilt")),
    ]:
        try:
            await cluster.patch(
                "deployments", "spoilt", body, kind=kind, field_validation="Ignore", force=True
            )
            outcomes.add(200)
        except StatusError as error:
            outcomes.add(error.code)
    assert outcomes <= {200, 400, 409, 422}, outcomes
    assert 200 in outcomes
