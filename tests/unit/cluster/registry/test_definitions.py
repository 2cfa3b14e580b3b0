"""CustomResourceDefinitions, and the resources that come and go with them."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.cluster.registry.cluster import Cluster, crd, options, widget

from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Store

PLURAL = "customresourcedefinitions"


def conditions(definition: dict[str, Any] | None) -> dict[str, str]:
    assert definition
    return {each["type"]: each["status"] for each in definition["status"]["conditions"]}


def find(cluster: Cluster, name: str = "widgets.example.com") -> dict[str, Any] | None:
    return cluster.find(PLURAL, name)


async def test_definition_is_established_as_it_is_created(cluster: Cluster) -> None:
    made = await cluster.create(PLURAL, crd(shortNames=["wd"]))
    assert conditions(made) == {"NamesAccepted": "True", "Established": "True"}
    assert made["status"]["acceptedNames"] == {
        "plural": "widgets",
        "singular": "widget",
        "shortNames": ["wd"],
        "kind": "Widget",
        "listKind": "WidgetList",
    }
    assert made["status"]["storedVersions"] == ["v1"]


async def test_objects_follow_at_once(cluster: Cluster) -> None:
    await cluster.create(PLURAL, crd())
    made = await cluster.create("widgets", widget(spec={}))
    assert made["spec"] == {"size": 1}
    assert made["metadata"]["generation"] == 1


async def test_broken_definition_is_refused(cluster: Cluster) -> None:
    broken = crd()
    broken["spec"]["versions"][0]["storage"] = False
    with pytest.raises(StatusError) as refused:
        await cluster.create(PLURAL, broken)
    assert refused.value.code == 422
    assert cluster.resources.by_kind("example.com/v1", "Widget") is None


async def test_dry_run_serves_nothing(cluster: Cluster) -> None:
    shown = await cluster.create(PLURAL, crd(), dry_run=True)
    assert conditions(shown)["Established"] == "True"
    assert cluster.resources.by_kind("example.com/v1", "Widget") is None


async def test_definitions_are_served_after_a_restart(cluster: Cluster) -> None:
    await cluster.create(PLURAL, crd())
    await cluster.create("widgets", widget())
    cluster.started()
    assert cluster.find("widgets", "w")
    assert (await cluster.patch("widgets", "w", {"spec": {"size": 2}}))["spec"] == {"size": 2}


async def test_definitions_of_a_store_that_is_opened_later_are_served(tmp_path: Path) -> None:
    cluster = Cluster(Store(tmp_path / "objects.db"))
    await cluster.create(PLURAL, crd())
    cluster.store.close()
    again = Cluster(Store(tmp_path / "objects.db"), is_open=False)
    again.store.open()
    assert again.resources.by_kind("example.com/v1", "Widget") is None
    again.registry.serve_definitions()
    assert again.resources.by_kind("example.com/v1", "Widget")
    again.store.close()


async def test_taken_names_are_told_and_not_served(cluster: Cluster) -> None:
    await cluster.create(PLURAL, crd(shortNames=["wd"]))
    made = await cluster.create(PLURAL, crd("gadgets", "Gadget", shortNames=["wd"]))
    assert conditions(made) == {"NamesAccepted": "False", "Established": "False"}
    accepted = next(each for each in made["status"]["conditions"] if each["type"] == "NamesAccepted")
    assert (accepted["reason"], accepted["message"]) == ("ShortNamesConflict", '"wd" is already in use')
    assert cluster.resources.by_kind("example.com/v1", "Gadget") is None


async def test_names_are_free_again_when_their_definition_goes(cluster: Cluster) -> None:
    await cluster.create(PLURAL, crd())
    await cluster.create(PLURAL, crd("gadgets", "Widget"))
    assert await cluster.delete(PLURAL, "widgets.example.com") is None
    assert conditions(find(cluster, "gadgets.example.com"))["Established"] == "True"
    assert cluster.resources.find("example.com", "v1", "gadgets")


async def test_changed_schema_counts_at_once(cluster: Cluster) -> None:
    await cluster.create(PLURAL, crd())
    changed = crd()
    properties = changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    properties["spec"]["properties"]["color"] = {"type": "string"}
    await cluster.patch(PLURAL, "widgets.example.com", {"spec": changed["spec"]})
    made = await cluster.create("widgets", widget(spec={"color": "red"}))
    assert made["spec"]["color"] == "red"


async def test_new_storage_version_is_remembered(cluster: Cluster) -> None:
    await cluster.create(PLURAL, crd())
    first = crd()["spec"]["versions"][0]
    versions = [{**first, "storage": False}, {**first, "name": "v2"}]
    updated = await cluster.patch(PLURAL, "widgets.example.com", {"spec": {"versions": versions}})
    assert updated["status"]["storedVersions"] == ["v1", "v2"]


async def test_custom_objects_are_shown_in_every_version(cluster: Cluster) -> None:
    first = crd()["spec"]["versions"][0]
    definition = crd()
    definition["spec"]["versions"] = [{**first, "storage": False}, {**first, "name": "v2"}]
    await cluster.create(PLURAL, definition)
    old, new = (cluster.resource(f"example.com/{version}/widgets") for version in ("v1", "v2"))
    stored = await cluster.registry.create(old, "default", widget(), options())
    assert stored.object["apiVersion"] == "example.com/v2"
    assert cluster.registry.shown(stored, new) == stored.raw
    assert cluster.registry.shown_object(stored, old)["apiVersion"] == "example.com/v1"
    patched = await cluster.patch("example.com/v1/widgets", "w", {"spec": {"size": 4}})
    assert (patched["apiVersion"], patched["spec"]["size"]) == ("example.com/v2", 4)


async def test_update_of_a_custom_object_needs_a_version(cluster: Cluster) -> None:
    await cluster.create(PLURAL, crd())
    await cluster.create("widgets", widget())
    with pytest.raises(StatusError) as refused:
        await cluster.update("widgets", widget())
    assert refused.value.message == (
        'Widget.example.com "w" is invalid: metadata.resourceVersion: Invalid value: 0x0: '
        "must be specified for an update"
    )


async def test_deleted_definition_takes_its_objects_along(cluster: Cluster) -> None:
    await cluster.create(PLURAL, crd())
    await cluster.create("widgets", widget())
    assert await cluster.delete(PLURAL, "widgets.example.com") is None
    assert find(cluster) is None
    assert not cluster.store.list("example.com/widgets")
    assert cluster.resources.by_kind("example.com/v1", "Widget") is None


async def test_definition_waits_for_finalizers_of_its_objects(cluster: Cluster) -> None:
    await cluster.create(PLURAL, crd())
    await cluster.create("widgets", widget(finalizers=["example.com/a"]))
    marked = await cluster.delete(PLURAL, "widgets.example.com")
    assert marked
    assert marked["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    assert conditions(marked)["Terminating"] == "True"
    with pytest.raises(
        StatusError, match="create not allowed while custom resource definition is terminating"
    ):
        await cluster.create("widgets", widget("late"))
    await cluster.patch("widgets", "w", {"metadata": {"finalizers": None}})
    assert find(cluster) is None
    assert cluster.resources.by_kind("example.com/v1", "Widget") is None


async def test_deleted_definition_can_be_made_again(cluster: Cluster) -> None:
    await cluster.create(PLURAL, crd())
    await cluster.delete(PLURAL, "widgets.example.com")
    await cluster.create(PLURAL, crd())
    assert await cluster.create("widgets", widget())


async def test_custom_status_is_written_through_its_subresource_where_there_is_one(cluster: Cluster) -> None:
    await cluster.create(PLURAL, crd(version={"subresources": {"status": {}}}))
    made = await cluster.create("widgets", {**widget(), "status": {"seen": 1}})
    assert "status" not in made
    body = {"spec": {"size": 9}, "status": {"seen": 2}, "metadata": {"labels": {"a": "b"}}}
    updated = await cluster.patch("widgets", "w", body, subresource="status")
    assert (updated["spec"]["size"], updated["status"]) == (1, {"seen": 2})
    assert "labels" not in updated["metadata"]
    assert updated["metadata"]["generation"] == 1


async def test_custom_status_without_a_subresource_is_a_field_as_others(cluster: Cluster) -> None:
    await cluster.create(PLURAL, crd())
    made = await cluster.create("widgets", {**widget(), "status": {"seen": 1}})
    assert made["status"] == {"seen": 1}
    updated = await cluster.patch("widgets", "w", {"status": {"seen": 2}})
    assert updated["metadata"]["generation"] == 2
