"""Discovery documents, in the old form and in the aggregated one."""

from typing import Any

import orjson
import pytest

from convoy.cluster.apiserver.discovery import Discovery, Form, aggregated_media_type, version_rank
from convoy.cluster.apiserver.documents import Document
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.resources import Resource, ResourceTable, Subresource


def content(document: Document | None) -> Any:
    assert document is not None
    return orjson.loads(document.body)


def custom(group: str, version: str, plural: str = "things") -> Resource:
    scale = Subresource("scale", "autoscaling/v1", "Scale")
    return Resource(
        group,
        version,
        plural,
        "Thing",
        True,
        "thing",
        ("th",),
        ("mesh",),
        subresources=(scale,),
        is_custom=True,
    )


@pytest.fixture
def table() -> ResourceTable:
    return ResourceTable(BUILTIN)


def group_names(discovery: Discovery) -> list[str]:
    return [group["name"] for group in content(discovery.groups())["groups"]]


def test_the_core_group_has_one_version(table: ResourceTable) -> None:
    assert content(Discovery(table).core())["versions"] == ["v1"]


def test_groups_stand_in_the_tables_order_and_custom_ones_follow_by_name(table: ResourceTable) -> None:
    table.set_custom("aaa.networking.istio.io", [custom("networking.istio.io", "v1", "aaa")])
    table.set_custom("gateways.gateway.networking.k8s.io", [custom("gateway.networking.k8s.io", "v1")])
    names = group_names(Discovery(table))
    assert names[0] == "apps"
    assert names[-3:] == ["extensions", "gateway.networking.k8s.io", "networking.istio.io"]


def test_a_groups_first_version_is_preferred(table: ResourceTable) -> None:
    found = content(Discovery(table).group("autoscaling"))
    assert found["kind"] == "APIGroup"
    assert [each["version"] for each in found["versions"]] == ["v2", "v1"]
    assert found["preferredVersion"] == {"groupVersion": "autoscaling/v2", "version": "v2"}


def test_versions_of_custom_groups_are_ranked(table: ResourceTable) -> None:
    versions = ["v1alpha3", "v1beta1", "v1", "v2beta1"]
    table.set_custom("things.example.com", [custom("example.com", version) for version in versions])
    found = content(Discovery(table).group("example.com"))
    assert [each["version"] for each in found["versions"]] == ["v1", "v2beta1", "v1beta1", "v1alpha3"]


def test_versions_without_a_number_come_last() -> None:
    ranked = sorted(
        ["foo1", "v1alpha1", "v10", "v3beta1", "v2", "v12alpha1", "v11beta2", "foo10"], key=version_rank
    )
    assert ranked == ["v10", "v2", "v11beta2", "v3beta1", "v12alpha1", "v1alpha1", "foo1", "foo10"]


def rows(discovery: Discovery, group: str, version: str) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in content(discovery.version(group, version))["resources"]}


def test_a_resource_tells_its_names_and_verbs(table: ResourceTable) -> None:
    assert rows(Discovery(table), "", "v1")["pods"] == {
        "name": "pods",
        "singularName": "pod",
        "namespaced": True,
        "kind": "Pod",
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        "shortNames": ["po"],
        "categories": ["all"],
    }


def test_a_subresource_of_another_version_says_so(table: ResourceTable) -> None:
    found = rows(Discovery(table), "apps", "v1")
    assert found["deployments/scale"]["group"] == "autoscaling"
    assert found["deployments/scale"]["version"] == "v1"
    assert "group" not in found["deployments/status"]


@pytest.mark.parametrize("form", ["v2", "v2beta1"])
def test_the_aggregated_form_says_the_same_as_the_old_one(table: ResourceTable, form: Form) -> None:
    table.set_custom("things.example.com", [custom("example.com", "v1")])
    discovery = Discovery(table)
    assert discovery.groups(form).media_type == aggregated_media_type(form)
    items = content(discovery.core(form))["items"] + content(discovery.groups(form))["items"]
    assert [item["metadata"].get("name", "") for item in items] == ["", *group_names(discovery)]
    for item in items:
        for version in item["versions"]:
            plain = rows(discovery, item["metadata"].get("name", ""), version["version"])
            assert flattened(version["resources"]) == {name: row["verbs"] for name, row in plain.items()}


def flattened(resources: list[dict[str, Any]]) -> dict[str, list[str]]:
    found = {}
    for each in resources:
        found[each["resource"]] = each["verbs"]
        found |= {f"{each['resource']}/{s['subresource']}": s["verbs"] for s in each.get("subresources", ())}
    return found


def test_the_aggregated_form_names_kinds_and_scope(table: ResourceTable) -> None:
    table.set_custom("things.example.com", [custom("example.com", "v1")])
    found = content(Discovery(table).groups("v2"))
    assert (found["kind"], found["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
    assert found["items"][-1]["versions"][0]["resources"] == [
        {
            "resource": "things",
            "responseKind": {"group": "example.com", "version": "v1", "kind": "Thing"},
            "scope": "Namespaced",
            "singularResource": "thing",
            "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            "shortNames": ["th"],
            "categories": ["mesh"],
            "subresources": [
                {
                    "subresource": "scale",
                    "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
                    "verbs": ["get", "patch", "update"],
                }
            ],
        }
    ]


@pytest.mark.parametrize(("group", "version"), [("", "v2"), ("apps", "v2"), ("nothing.test", "v1")])
def test_there_is_no_document_of_what_is_not_served(table: ResourceTable, group: str, version: str) -> None:
    assert Discovery(table).version(group, version) is None


def test_the_core_group_is_no_named_group(table: ResourceTable) -> None:
    assert Discovery(table).group("") is None
    assert Discovery(table).group("nothing.test") is None


def test_documents_change_with_the_table_and_only_then(table: ResourceTable) -> None:
    discovery = Discovery(table)
    before = discovery.groups("v2")
    assert discovery.groups("v2") is before
    table.set_custom("things.example.com", [custom("example.com", "v1")])
    assert discovery.groups("v2").etag != before.etag
    table.remove_custom("things.example.com")
    assert discovery.groups("v2").etag == before.etag
    assert discovery.version("example.com", "v1") is None
