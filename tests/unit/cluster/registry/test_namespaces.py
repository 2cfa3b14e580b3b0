"""Namespaces over their lives, and what they mean for what is in them."""

import pytest
from tests.unit.cluster.registry.cluster import Cluster, config_map, options

from convoy.cluster.machinery.requests import DeleteOptions
from convoy.cluster.machinery.statuses import StatusError


async def make(cluster: Cluster, **metadata: object) -> dict[str, object]:
    return await cluster.create("namespaces", {"metadata": {"name": "shop", **metadata}}, namespace="")


async def finalize(cluster: Cluster) -> None:
    namespace = cluster.find("namespaces", "shop")
    assert namespace
    await cluster.update("namespaces", {**namespace, "spec": {}}, namespace="", subresource="finalize")


async def test_new_namespace_is_active_and_waits_for_its_content(cluster: Cluster) -> None:
    made = await make(cluster, labels={"a": "b"})
    assert made["spec"] == {"finalizers": ["kubernetes"]}
    assert made["status"] == {"phase": "Active"}
    assert made["metadata"]["labels"] == {"a": "b", "kubernetes.io/metadata.name": "shop"}  # type: ignore[index]


async def test_deleted_namespace_takes_nothing_new(cluster: Cluster) -> None:
    await make(cluster)
    marked = await cluster.delete("namespaces", "shop")
    assert marked
    assert marked["status"]["phase"] == "Terminating"
    with pytest.raises(StatusError) as refused:
        await cluster.create("configmaps", config_map(), namespace="shop")
    assert refused.value.message == (
        'configmaps "c" is forbidden: unable to create new content in namespace shop '
        "because it is being terminated"
    )
    assert refused.value.code == 403
    assert (refused.value.details or {})["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": "namespace shop is being terminated",
            "field": "metadata.namespace",
        }
    ]


async def test_what_is_in_a_deleted_namespace_can_still_change(cluster: Cluster) -> None:
    await make(cluster)
    await cluster.create("configmaps", config_map(), namespace="shop")
    await cluster.delete("namespaces", "shop")
    updated = await cluster.update("configmaps", config_map(data={"a": "2"}), namespace="shop")
    assert updated["data"] == {"a": "2"}


async def test_namespace_goes_when_it_is_finalized(cluster: Cluster) -> None:
    await make(cluster)
    await cluster.delete("namespaces", "shop")
    assert await cluster.delete("namespaces", "shop") == cluster.find("namespaces", "shop")
    await finalize(cluster)
    assert cluster.find("namespaces", "shop") is None


async def test_finalized_namespace_waits_for_other_finalizers(cluster: Cluster) -> None:
    await make(cluster, finalizers=["example.com/a"])
    await cluster.delete("namespaces", "shop")
    await finalize(cluster)
    assert cluster.find("namespaces", "shop")
    await cluster.patch("namespaces", "shop", {"metadata": {"finalizers": None}})
    assert cluster.find("namespaces", "shop") is None


async def test_living_namespace_survives_finalize(cluster: Cluster) -> None:
    await make(cluster)
    await finalize(cluster)
    assert cluster.find("namespaces", "shop")


async def test_finalizers_of_the_spec_are_not_for_ordinary_updates(cluster: Cluster) -> None:
    made = await make(cluster)
    updated = await cluster.update("namespaces", {**made, "spec": {"finalizers": []}}, namespace="")
    assert updated["spec"] == {"finalizers": ["kubernetes"]}


@pytest.mark.parametrize("name", ["default", "kube-system"])
async def test_some_namespaces_may_not_go(cluster: Cluster, name: str) -> None:
    with pytest.raises(StatusError) as refused:
        await cluster.registry.delete(cluster.resource("namespaces"), "", name, DeleteOptions(), options())
    assert refused.value.message == f'namespaces "{name}" is forbidden: this namespace may not be deleted'
