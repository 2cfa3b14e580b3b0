"""What happens to an owner's dependents."""

import asyncio

import pytest
from tests.kit.waiting import until
from tests.unit.cluster.controllers.harness import Cluster, running_cluster
from tests.unit.cluster.controllers.workloads import Json

MAPS = "configmaps"


async def config_map(cluster: Cluster, name: str, *owners: Json, **ref) -> Json:
    references = [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            **ref,
        }
        for owner in owners
    ]
    metadata = {"name": name, "ownerReferences": references} if references else {"name": name}
    return await cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


async def gone(cluster: Cluster, *names: str) -> None:
    async with asyncio.timeout(10):
        await until(lambda: all(cluster.get(MAPS, name) is None for name in names), every=0.002)


def references(cluster: Cluster, name: str) -> list[str]:
    found = cluster.get(MAPS, name)
    assert found is not None
    return [ref["name"] for ref in found["metadata"].get("ownerReferences", ())]


@pytest.mark.parametrize("propagation", ["Background", "Foreground", None])
async def test_dependents_of_dependents_follow(propagation):
    async with running_cluster(nodes=0) as cluster:
        top = await config_map(cluster, "top")
        middle = await config_map(cluster, "middle", top, blockOwnerDeletion=True)
        await config_map(cluster, "bottom", middle)
        await cluster.delete(MAPS, "top", propagation=propagation)
        await gone(cluster, "top", "middle", "bottom")


async def test_in_the_foreground_the_owner_waits_for_those_that_block_it():
    async with running_cluster(nodes=0) as cluster:
        top = await config_map(cluster, "top")
        await config_map(cluster, "held", top, blockOwnerDeletion=True)
        await config_map(cluster, "free", top)
        await cluster.change(MAPS, "held", lambda each: each["metadata"].update(finalizers=["test/hold"]))
        await cluster.delete(MAPS, "top", propagation="Foreground")
        await gone(cluster, "free")
        assert cluster.get(MAPS, "top") is not None
        await cluster.change(MAPS, "held", lambda each: each["metadata"].pop("finalizers"))
        await gone(cluster, "held", "top")


async def test_orphans_stay_without_their_owner():
    async with running_cluster(nodes=0) as cluster:
        top = await config_map(cluster, "top")
        await config_map(cluster, "child", top)
        await cluster.delete(MAPS, "top", propagation="Orphan")
        await gone(cluster, "top")
        assert references(cluster, "child") == []


async def test_an_object_with_another_owner_stays_and_loses_the_reference():
    async with running_cluster(nodes=0) as cluster:
        one, two = await config_map(cluster, "one"), await config_map(cluster, "two")
        await config_map(cluster, "child", one, two)
        await cluster.delete(MAPS, "one")
        async with asyncio.timeout(10):
            await until(lambda: references(cluster, "child") == ["two"], every=0.002)
        await cluster.delete(MAPS, "two")
        await gone(cluster, "child")


async def test_an_owner_replaced_under_its_name_is_gone():
    async with running_cluster(nodes=0) as cluster:
        top = await config_map(cluster, "top")
        stale = {**top, "metadata": {**top["metadata"], "uid": "00000000-0000-0000-0000-000000000000"}}
        await config_map(cluster, "child", stale)
        await gone(cluster, "child")
        assert cluster.get(MAPS, "top") is not None


async def test_an_owner_without_namespace_is_found():
    async with running_cluster(nodes=0) as cluster:
        node = await cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
        await config_map(cluster, "child", node)
        await asyncio.sleep(0.02)
        assert cluster.get(MAPS, "child") is not None
        await cluster.delete("nodes", "n")
        await gone(cluster, "child")


async def test_an_owner_of_an_unknown_kind_is_left_to_others():
    async with running_cluster(nodes=0) as cluster:
        strange = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t", "uid": "u-1"}}
        await config_map(cluster, "child", strange)
        await asyncio.sleep(0.02)
        assert references(cluster, "child") == ["t"]


async def test_custom_objects_are_owners_and_dependents():
    names = {"plural": "things", "kind": "Thing", "singular": "thing", "listKind": "ThingList"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    async with running_cluster(nodes=0) as cluster:
        await cluster.create(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": "things.example.com"},
                "spec": spec,
            }
        )
        top = await config_map(cluster, "top")
        ref = {"apiVersion": "v1", "kind": "ConfigMap", "name": "top", "uid": top["metadata"]["uid"]}
        thing = {
            "apiVersion": "example.com/v1",
            "kind": "Thing",
            "metadata": {"name": "t", "ownerReferences": [ref]},
        }
        made = await cluster.create(thing)
        await config_map(cluster, "child", made)
        await cluster.delete(MAPS, "top")
        await gone(cluster, "top", "child")
        assert cluster.get("example.com/things", "t") is None
