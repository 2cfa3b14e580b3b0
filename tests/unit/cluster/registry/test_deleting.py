"""What happens to an object that is deleted, and when it is gone."""

from typing import Any

import pytest
from tests.unit.cluster.registry.cluster import Cluster, Webhooks, config_map, deployment, options, pod

from convoy.cluster.machinery.requests import DeleteOptions
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store.selectors import parse_label_selector


async def running_pod(cluster: Cluster, name: str = "p", **metadata: Any) -> dict[str, Any]:
    await cluster.create("pods", pod(name, spec={"terminationGracePeriodSeconds": 40}, **metadata))
    binding = {"target": {"kind": "Node", "name": "n"}}
    return (await cluster.registry.bind("default", name, binding, options())).object


async def test_object_without_finalizers_goes_at_once(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map())
    assert await cluster.delete("configmaps", "c") is None
    assert cluster.find("configmaps", "c") is None


async def test_missing_object_is_told(cluster: Cluster) -> None:
    with pytest.raises(StatusError) as refused:
        await cluster.delete("configmaps", "c")
    assert refused.value.code == 404


@pytest.mark.parametrize(
    ("delete", "why"),
    [
        (DeleteOptions(uid="x"), "UID in precondition: x, UID in object meta: "),
        (
            DeleteOptions(resource_version="1"),
            "ResourceVersion in precondition: 1, ResourceVersion in object meta: ",
        ),
    ],
)
async def test_another_object_than_meant_stays(cluster: Cluster, delete: DeleteOptions, why: str) -> None:
    await cluster.create("configmaps", config_map())
    with pytest.raises(StatusError) as refused:
        await cluster.delete("configmaps", "c", delete)
    assert refused.value.code == 409
    assert f"Precondition failed: {why}" in refused.value.message
    assert cluster.find("configmaps", "c")


async def test_object_with_a_finalizer_waits_for_it(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map(finalizers=["example.com/a"]))
    marked = await cluster.delete("configmaps", "c")
    assert marked
    assert marked["metadata"]["deletionTimestamp"] == "2030-05-01T12:00:00Z"
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 0
    before = cluster.store.revision
    assert await cluster.delete("configmaps", "c") == marked
    assert cluster.store.revision == before
    await cluster.patch("configmaps", "c", {"metadata": {"finalizers": None}})
    assert cluster.find("configmaps", "c") is None


async def test_late_finalizer_is_refused(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map(finalizers=["example.com/a"]))
    await cluster.delete("configmaps", "c")
    with pytest.raises(StatusError) as refused:
        await cluster.patch(
            "configmaps", "c", {"metadata": {"finalizers": ["example.com/a", "example.com/b"]}}
        )
    assert 'found new finalizers []string{"example.com/b"}' in refused.value.message


async def test_deletion_is_a_change_of_what_is_wanted(cluster: Cluster) -> None:
    await cluster.create(
        "deployments", {**deployment(), "metadata": {"name": "d", "finalizers": ["example.com/a"]}}
    )
    marked = await cluster.delete("deployments", "d")
    assert marked
    assert marked["metadata"]["generation"] == 2


@pytest.mark.parametrize(("how", "mark"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
async def test_dependents_are_told_by_a_finalizer(cluster: Cluster, how: Any, mark: str) -> None:
    await cluster.create("deployments", deployment())
    marked = await cluster.delete("deployments", "d", DeleteOptions(propagation=how))
    assert marked
    assert marked["metadata"]["finalizers"] == [mark]
    assert await cluster.delete("deployments", "d", DeleteOptions(propagation="Background")) is None


async def test_pod_without_a_node_goes_at_once(cluster: Cluster) -> None:
    await cluster.create("pods", pod())
    assert await cluster.delete("pods", "p") is None


async def test_running_pod_is_left_its_grace_period(cluster: Cluster) -> None:
    await running_pod(cluster)
    marked = await cluster.delete("pods", "p")
    assert marked
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 40
    assert marked["metadata"]["deletionTimestamp"] == "2030-05-01T12:00:40Z"
    status = await cluster.patch("pods", "p", {"status": {"phase": "Running"}}, subresource="status")
    assert status["metadata"]["deletionGracePeriodSeconds"] == 40
    assert await cluster.delete("pods", "p", DeleteOptions(grace_period_seconds=0)) is None


async def test_grace_period_can_only_be_shortened(cluster: Cluster) -> None:
    await running_pod(cluster)
    await cluster.delete("pods", "p")
    longer = await cluster.delete("pods", "p", DeleteOptions(grace_period_seconds=90))
    shorter = await cluster.delete("pods", "p", DeleteOptions(grace_period_seconds=5))
    assert longer
    assert shorter
    assert longer["metadata"]["deletionGracePeriodSeconds"] == 40
    assert shorter["metadata"]["deletionGracePeriodSeconds"] == 5
    assert shorter["metadata"]["deletionTimestamp"] == "2030-05-01T12:00:05Z"


async def test_finished_pod_goes_at_once(cluster: Cluster) -> None:
    await running_pod(cluster)
    await cluster.patch("pods", "p", {"status": {"phase": "Succeeded"}}, subresource="status")
    assert await cluster.delete("pods", "p") is None


async def test_killed_pod_still_waits_for_its_finalizers(cluster: Cluster) -> None:
    await running_pod(cluster, finalizers=["example.com/a"])
    await cluster.delete("pods", "p")
    killed = await cluster.delete("pods", "p", DeleteOptions(grace_period_seconds=0))
    assert killed
    assert killed["metadata"]["deletionGracePeriodSeconds"] == 0
    await cluster.patch("pods", "p", {"metadata": {"finalizers": None}})
    assert cluster.find("pods", "p") is None


async def test_running_pod_outlives_its_finalizers(cluster: Cluster) -> None:
    await running_pod(cluster, finalizers=["example.com/a"])
    await cluster.delete("pods", "p")
    await cluster.patch("pods", "p", {"metadata": {"finalizers": None}})
    assert cluster.find("pods", "p")


async def test_collection_is_deleted_by_label(cluster: Cluster) -> None:
    for name, color in (("a", "red"), ("b", "blue"), ("c", "red")):
        await cluster.create("configmaps", config_map(name, labels={"color": color}))
    gone = await cluster.registry.delete_collection(
        cluster.resource("configmaps"),
        "default",
        DeleteOptions(),
        options(),
        labels=parse_label_selector("color=red"),
    )
    assert [each.key.name for each in gone] == ["a", "c"]
    assert [each.key.name for each in cluster.registry.list(cluster.resource("configmaps"))] == ["b"]


async def test_dry_run_deletes_nothing(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map())
    await cluster.create("configmaps", config_map("f", finalizers=["example.com/a"]))
    before = cluster.store.revision
    assert await cluster.delete("configmaps", "c", dry_run=True) is None
    marked = await cluster.delete("configmaps", "f", dry_run=True)
    assert marked
    assert marked["metadata"]["deletionTimestamp"]
    assert cluster.store.revision == before


async def test_webhook_may_refuse_a_deletion(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map())
    hooks = Webhooks(refuse=StatusError(403, "Forbidden", "no"))
    cluster.registry.admission = hooks
    with pytest.raises(StatusError, match="no"):
        await cluster.delete("configmaps", "c", DeleteOptions(propagation="Background"))
    request = hooks.seen[-1]
    assert (request.operation, request.object) == ("DELETE", None)
    assert request.old_object == cluster.find("configmaps", "c")
    assert request.options["propagationPolicy"] == "Background"
