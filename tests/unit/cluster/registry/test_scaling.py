"""The scale subresource."""

from typing import Any

import pytest
from tests.unit.cluster.registry.cluster import Cluster, crd, deployment, options, widget

from convoy.cluster.machinery.requests import Patch
from convoy.cluster.machinery.statuses import StatusError

SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


async def patch_scale(
    cluster: Cluster, body: Any, *, plural: str = "deployments", name: str = "d", kind: Any = "merge"
) -> Any:
    return await cluster.registry.patch_scale(
        cluster.resource(plural), "default", name, Patch(kind, body), options()
    )


async def test_scale_tells_wanted_and_present_replicas(cluster: Cluster) -> None:
    made = await cluster.create("deployments", deployment(replicas=3))
    await cluster.patch("deployments", "d", {"status": {"replicas": 2}}, subresource="status")
    scale = cluster.registry.scale(cluster.resource("deployments"), "default", "d")
    assert (scale["apiVersion"], scale["kind"]) == ("autoscaling/v1", "Scale")
    assert scale["metadata"]["uid"] == made["metadata"]["uid"]
    assert scale["spec"] == {"replicas": 3}
    assert scale["status"] == {"replicas": 2, "selector": "app=d"}


async def test_selector_is_told_as_a_query(cluster: Cluster) -> None:
    sent = deployment()
    sent["spec"]["selector"]["matchExpressions"] = [
        {"key": "tier", "operator": "In", "values": ["web", "api"]},
        {"key": "old", "operator": "DoesNotExist"},
        {"key": "run", "operator": "Exists"},
    ]
    template = sent["spec"]["template"]["metadata"]
    template["labels"] = {**template["labels"], "tier": "web", "run": "x"}
    await cluster.create("deployments", sent)
    scale = cluster.registry.scale(cluster.resource("deployments"), "default", "d")
    assert scale["status"]["selector"] == "app=d,!old,run,tier in (api,web)"


async def test_all_that_a_selector_asks_of_one_label_is_told(cluster: Cluster) -> None:
    sent = deployment()
    sent["spec"]["selector"]["matchExpressions"] = [{"key": "app", "operator": "NotIn", "values": ["e"]}]
    await cluster.create("deployments", sent)
    scale = cluster.registry.scale(cluster.resource("deployments"), "default", "d")
    assert scale["status"]["selector"] == "app=d,app notin (e)"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("merge", {"spec": {"replicas": 5}}),
        ("strategic", {"spec": {"replicas": 5}}),
        ("json", [{"op": "replace", "path": "/spec/replicas", "value": 5}]),
    ],
)
async def test_patched_scale_sets_replicas(cluster: Cluster, kind: str, body: Any) -> None:
    await cluster.create("deployments", deployment())
    scale = await patch_scale(cluster, body, kind=kind)
    kept = cluster.find("deployments", "d")
    assert kept
    assert scale["spec"] == {"replicas": 5}
    assert kept["spec"]["replicas"] == 5
    assert kept["metadata"]["generation"] == 2


async def test_replaced_scale_sets_replicas_even_to_none(cluster: Cluster) -> None:
    await cluster.create("deployments", deployment())
    resource = cluster.resource("deployments")
    scale = cluster.registry.scale(resource, "default", "d")
    sent = {**scale, "spec": {}}  # Go leaves out a zero
    assert (await cluster.registry.update_scale(resource, "default", "d", sent, options()))["spec"] == {}
    kept = cluster.find("deployments", "d")
    assert kept
    assert kept["spec"]["replicas"] == 0


async def test_stale_scale_is_refused(cluster: Cluster) -> None:
    await cluster.create("deployments", deployment())
    resource = cluster.resource("deployments")
    scale = cluster.registry.scale(resource, "default", "d")
    await patch_scale(cluster, {"spec": {"replicas": 2}})
    with pytest.raises(StatusError) as refused:
        await cluster.registry.update_scale(resource, "default", "d", scale, options())
    assert refused.value.code == 409


async def test_negative_scale_is_refused(cluster: Cluster) -> None:
    await cluster.create("deployments", deployment())
    with pytest.raises(StatusError) as refused:
        await patch_scale(cluster, {"spec": {"replicas": -1}})
    assert refused.value.code == 422
    assert "spec.replicas: Invalid value: -1: must be greater than or equal to 0" in refused.value.message


@pytest.mark.parametrize("replicas", ["two", 1.5, True])
async def test_scale_that_is_no_number_is_refused(cluster: Cluster, replicas: Any) -> None:
    await cluster.create("deployments", deployment())
    with pytest.raises(StatusError) as refused:
        await patch_scale(cluster, {"spec": {"replicas": replicas}})
    assert refused.value.code == 400


async def test_custom_resources_scale_where_their_definition_says(cluster: Cluster) -> None:
    await cluster.create(
        "customresourcedefinitions", crd(version={"subresources": {"status": {}, "scale": SCALE}})
    )
    await cluster.create("widgets", widget(spec={"replicas": 1}))
    await cluster.patch("widgets", "w", {"status": {"replicas": 1, "selector": "a=b"}}, subresource="status")
    scale = await patch_scale(cluster, {"spec": {"replicas": 4}}, plural="widgets", name="w")
    assert (scale["spec"], scale["status"]) == ({"replicas": 4}, {"replicas": 1, "selector": "a=b"})
    kept = cluster.find("widgets", "w")
    assert kept
    assert kept["spec"]["replicas"] == 4


async def test_custom_resources_without_scale_have_none(cluster: Cluster) -> None:
    await cluster.create("customresourcedefinitions", crd())
    await cluster.create("widgets", widget())
    with pytest.raises(StatusError) as refused:
        cluster.registry.scale(cluster.resource("widgets"), "default", "w")
    assert refused.value.code == 404
