"""Pods that are assigned to nodes, and evicted from them."""

from typing import Any

import pytest
from tests.unit.cluster.registry.cluster import Cluster, options, pod

from convoy.cluster.machinery.statuses import StatusError

READY = [{"type": "Ready", "status": "True"}]


async def bind(cluster: Cluster, name: str = "p", **body: Any) -> dict[str, Any]:
    binding = {"target": {"kind": "Node", "name": "n"}, **body}
    return (await cluster.registry.bind("default", name, binding, options())).object


async def evict(cluster: Cluster, name: str, **body: Any) -> Any:
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, **body}
    return await cluster.registry.evict("default", name, eviction, options())


async def running(cluster: Cluster, *names: str, ready: bool = True, owner: Any = None) -> None:
    references = [owner] if owner else []
    for name in names:
        await cluster.create("pods", pod(name, labels={"app": "a"}, ownerReferences=references))
        await bind(cluster, name)
        status = {"phase": "Running", "conditions": READY if ready else []}
        await cluster.patch("pods", name, {"status": status}, subresource="status")


async def budget(cluster: Cluster, name: str = "b", **spec: Any) -> None:
    made = {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"app": "a"}}, **spec}}
    await cluster.create("poddisruptionbudgets", made)


async def test_bound_pod_has_a_node(cluster: Cluster) -> None:
    await cluster.create("pods", pod())
    bound = await bind(cluster, metadata={"annotations": {"why": "free"}})
    assert bound["spec"]["nodeName"] == "n"
    assert bound["metadata"]["annotations"] == {"why": "free"}
    (condition,) = bound["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "True")


async def test_pod_is_bound_once(cluster: Cluster) -> None:
    await cluster.create("pods", pod())
    await bind(cluster)
    with pytest.raises(StatusError) as refused:
        await bind(cluster)
    assert (refused.value.code, refused.value.message) == (
        409,
        'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n"',
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"target": {"kind": "Node"}}, 422),
        ({"target": None}, 422),
        ({"target": {"kind": "Shelf", "name": "n"}}, 422),
        ({"metadata": {"name": "other"}}, 400),
        ({"metadata": {"uid": "other"}}, 409),
    ],
)
async def test_wrong_binding_is_refused(cluster: Cluster, body: dict[str, Any], code: int) -> None:
    await cluster.create("pods", pod())
    with pytest.raises(StatusError) as refused:
        await bind(cluster, **body)
    assert refused.value.code == code


async def test_ending_pod_is_not_bound(cluster: Cluster) -> None:
    await cluster.create("pods", pod(finalizers=["example.com/a"]))
    await cluster.delete("pods", "p")
    with pytest.raises(StatusError, match="is being deleted, cannot be assigned to a host"):
        await bind(cluster)


async def test_evicted_pod_ends_as_a_deleted_one(cluster: Cluster) -> None:
    await running(cluster, "p")
    evicted = await evict(cluster, "p", deleteOptions={"gracePeriodSeconds": 7})
    assert evicted.object["metadata"]["deletionGracePeriodSeconds"] == 7


async def test_eviction_can_be_tried_only(cluster: Cluster) -> None:
    await running(cluster, "p")
    tried = await evict(cluster, "p", apiVersion="policy/v1beta1", deleteOptions={"dryRun": ["All"]})
    assert "deletionTimestamp" in tried.object["metadata"]
    kept = cluster.find("pods", "p")
    assert kept
    assert "deletionTimestamp" not in kept["metadata"]


async def test_pod_that_a_budget_needs_stays(cluster: Cluster) -> None:
    await running(cluster, "p", "q")
    await budget(cluster, minAvailable=2)
    with pytest.raises(StatusError) as refused:
        await evict(cluster, "p")
    assert (refused.value.code, refused.value.reason) == (429, "TooManyRequests")
    assert refused.value.message == "Cannot evict pod as it would violate the pod's disruption budget."
    (cause,) = (refused.value.details or {})["causes"]
    assert cause == {
        "reason": "DisruptionBudget",
        "message": "The disruption budget b needs 2 healthy pods and has 2 currently",
    }


async def test_budget_lets_as_many_go_as_it_can_spare(cluster: Cluster) -> None:
    await running(cluster, "p", "q", "r")
    await budget(cluster, minAvailable=2)
    assert await evict(cluster, "p")
    with pytest.raises(StatusError, match="Cannot evict pod"):
        await evict(cluster, "q")


@pytest.mark.parametrize(("most", "is_spared"), [(1, True), (0, False), ("50%", True), ("0%", False)])
async def test_unavailable_pods_are_counted_by_what_owners_want(
    cluster: Cluster, most: Any, is_spared: bool
) -> None:
    labels = {"matchLabels": {"app": "a"}}
    template = {"metadata": {"labels": {"app": "a"}}, "spec": pod()["spec"]}
    spec = {"replicas": 2, "selector": labels, "template": template}
    owner = await cluster.create("replicasets", {"metadata": {"name": "rs"}, "spec": spec})
    uid = owner["metadata"]["uid"]
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": uid, "controller": True}
    await running(cluster, "p", "q", owner=reference)
    await budget(cluster, maxUnavailable=most)
    if is_spared:
        assert await evict(cluster, "p")
    with pytest.raises(StatusError, match="Cannot evict pod"):
        await evict(cluster, "q")


async def test_pod_that_never_ran_goes_anyway(cluster: Cluster) -> None:
    await cluster.create("pods", pod(labels={"app": "a"}))
    await budget(cluster, minAvailable=5)
    assert await evict(cluster, "p") is None


async def test_sick_pod_goes_when_the_budget_does_not_mind(cluster: Cluster) -> None:
    await running(cluster, "p", ready=False)
    await budget(cluster, minAvailable=1)
    with pytest.raises(StatusError, match="Cannot evict pod"):
        await evict(cluster, "p")
    await cluster.patch("poddisruptionbudgets", "b", {"spec": {"unhealthyPodEvictionPolicy": "AlwaysAllow"}})
    assert await evict(cluster, "p")


async def test_two_budgets_are_one_too_many(cluster: Cluster) -> None:
    await running(cluster, "p")
    await budget(cluster, "b", minAvailable=0)
    await budget(cluster, "c", minAvailable=0)
    with pytest.raises(StatusError, match="more than one PodDisruptionBudget"):
        await evict(cluster, "p")
