"""Server-side apply through the registry, and who owns what after all kinds of writes."""

from typing import Any

import orjson
import pytest
from tests.unit.cluster.registry.cluster import Cluster, config_map, crd, deployment, options, widget

from convoy.cluster.machinery.requests import Patch
from convoy.cluster.machinery.statuses import StatusError

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
OLD_DEPLOYMENTS = "extensions/v1beta1/deployments"


def owners(obj: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Manager, operation and subresource of each entry."""
    entries = obj["metadata"].get("managedFields", [])
    return {(each["manager"], each["operation"], each.get("subresource", "")) for each in entries}


async def refusal(cluster: Cluster, plural: str, obj: dict[str, Any], **how: Any) -> StatusError:
    with pytest.raises(StatusError) as refused:
        await cluster.apply(plural, obj, **how)
    return refused.value


async def test_apply_creates_what_is_missing(cluster: Cluster) -> None:
    resource = cluster.resource("configmaps")
    patch = Patch("apply", config_map())
    stored, is_new = await cluster.registry.patch(resource, "default", "c", patch, options())
    assert is_new
    assert stored.object["data"] == {"a": "1"}
    assert owners(stored.object) == {("kubectl", "Apply", "")}
    again, is_new = await cluster.registry.patch(resource, "default", "c", patch, options())
    assert not is_new
    assert again.revision == stored.revision


async def test_applied_body_needs_no_name(cluster: Cluster) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"}}
    assert (await cluster.patch("configmaps", "c", body, kind="apply"))["metadata"]["name"] == "c"


async def test_applied_name_is_that_of_the_url(cluster: Cluster) -> None:
    with pytest.raises(StatusError, match="does not match the name on the URL"):
        await cluster.patch("configmaps", "other", config_map(), kind="apply")
    assert not cluster.store.list("configmaps")


async def test_what_is_no_longer_applied_goes(cluster: Cluster) -> None:
    await cluster.apply("configmaps", config_map(data={"a": "1", "b": "2"}))
    assert (await cluster.apply("configmaps", config_map(data={"b": "2"})))["data"] == {"b": "2"}


async def test_fields_of_others_are_refused_unless_forced(cluster: Cluster) -> None:
    await cluster.apply("configmaps", config_map(), manager="alice")
    error = await refusal(cluster, "configmaps", config_map(data={"a": "2"}), manager="bob")
    assert (error.code, error.message) == (
        409,
        'Apply failed with 1 conflict: conflict with "alice": .data.a',
    )
    forced = await cluster.apply("configmaps", config_map(data={"a": "2"}), manager="bob", force=True)
    assert forced["data"] == {"a": "2"}


async def test_ordinary_writes_own_what_they_changed(cluster: Cluster) -> None:
    await cluster.apply("deployments", deployment(replicas=1))
    await cluster.registry.patch_scale(
        cluster.resource("deployments"),
        "default",
        "d",
        Patch("merge", {"spec": {"replicas": 3}}),
        options(manager="hpa"),
    )
    error = await refusal(cluster, "deployments", deployment(replicas=1))
    owner = 'conflict with "hpa" with subresource "scale" using apps/v1'
    assert error.message == f"Apply failed with 1 conflict: {owner}: .spec.replicas"
    assert (await cluster.apply("deployments", deployment()))["spec"]["replicas"] == 3


async def test_status_has_owners_of_its_own(cluster: Cluster) -> None:
    await cluster.create("deployments", deployment())
    body = {"status": {"replicas": 1}}
    updated = await cluster.patch("deployments", "d", body, subresource="status", manager="controller")
    assert owners(updated) == {("kubectl", "Update", ""), ("controller", "Update", "status")}


async def test_owners_can_be_handed_over(cluster: Cluster) -> None:
    """As kubectl does when it goes over from client-side to server-side apply."""
    made = await cluster.create("configmaps", config_map(), manager="kubectl-client-side-apply")
    entries = [
        {**each, "manager": "kubectl", "operation": "Apply"} for each in made["metadata"]["managedFields"]
    ]
    operations = [
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": made["metadata"]["resourceVersion"]},
    ]
    handed = await cluster.patch("configmaps", "c", operations, kind="json")
    assert owners(handed) == {("kubectl", "Apply", "")}
    assert (await cluster.apply("configmaps", config_map(data={"a": "2"})))["data"] == {"a": "2"}


async def test_defaults_are_not_the_appliers(cluster: Cluster) -> None:
    made = await cluster.apply("deployments", deployment())
    (entry,) = made["metadata"]["managedFields"]
    assert made["spec"]["replicas"] == 1
    assert "f:replicas" not in entry["fieldsV1"]["f:spec"]


async def test_text_of_a_secret_can_be_applied(cluster: Cluster) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}
    made = await cluster.apply("secrets", body)
    assert made["data"] == {"a": "Yg=="}
    revision = cluster.store.revision
    await cluster.apply("secrets", body)
    assert cluster.store.revision == revision


async def test_custom_resources_are_applied_too(cluster: Cluster) -> None:
    await cluster.create("customresourcedefinitions", crd())
    made = await cluster.apply("widgets", widget(spec={"size": 2, "replicas": 3}))
    assert made["spec"] == {"size": 2, "replicas": 3}
    assert (await cluster.apply("widgets", widget(spec={"replicas": 3})))["spec"] == {
        "size": 1,
        "replicas": 3,
    }


async def test_owners_have_the_version_that_they_wrote(cluster: Cluster) -> None:
    older = {"name": "v1beta1", "served": True, "storage": False}
    definition = crd()
    versions = definition["spec"]["versions"]
    versions.append({**versions[0], **older})
    await cluster.create("customresourcedefinitions", definition)
    sent = widget(spec={"replicas": 3}, annotations={ANNOTATION: "{}"})
    sent["apiVersion"] = "example.com/v1beta1"
    made = await cluster.apply("example.com/v1beta1/widgets", sent)
    assert made["apiVersion"] == "example.com/v1"
    assert [each["apiVersion"] for each in made["metadata"]["managedFields"]] == ["example.com/v1beta1"]
    assert orjson.loads(made["metadata"]["annotations"][ANNOTATION])["apiVersion"] == "example.com/v1beta1"
    changed = await cluster.patch("example.com/v1beta1/widgets", "w", {"spec": {"size": 9}}, manager="other")
    other = changed["metadata"]["managedFields"][1]
    assert (other["manager"], other["apiVersion"]) == ("other", "example.com/v1beta1")


async def test_what_was_applied_by_the_client_in_another_version_is_no_conflict(cluster: Cluster) -> None:
    old = deployment(api_version="extensions/v1beta1", replicas=2)
    last = orjson.dumps(old).decode()
    old["metadata"]["annotations"] = {ANNOTATION: last}
    await cluster.create(OLD_DEPLOYMENTS, old, manager="kubectl-client-side-apply")
    sent = deployment(api_version="extensions/v1beta1", replicas=3)
    assert (await cluster.apply(OLD_DEPLOYMENTS, sent))["spec"]["replicas"] == 3


@pytest.mark.parametrize("validation", ["Strict", "Warn"])
async def test_unknown_field_cannot_be_owned(cluster: Cluster, validation: str) -> None:
    error = await refusal(cluster, "deployments", deployment(foo=1), field_validation=validation)
    assert error.message == (
        "failed to create typed patch object (default/d; apps/v1, Kind=Deployment): "
        ".spec.foo: field not declared in schema"
    )


async def test_manager_has_to_be_told(cluster: Cluster) -> None:
    error = await refusal(cluster, "configmaps", config_map(), manager="")
    assert error.code == 422
    assert "fieldManager: Required value: is required for apply patch" in error.message


async def test_locked_apply_is_refused_when_stale(cluster: Cluster) -> None:
    made = await cluster.apply("configmaps", config_map())
    await cluster.apply("configmaps", config_map(data={"a": "2"}))
    stale = config_map(data={"a": "3"}, resourceVersion=made["metadata"]["resourceVersion"])
    assert (await refusal(cluster, "configmaps", stale)).code == 409


async def test_dry_run_of_an_apply_keeps_nothing(cluster: Cluster) -> None:
    shown = await cluster.apply("configmaps", config_map(), dry_run=True)
    assert shown["data"] == {"a": "1"}
    assert cluster.find("configmaps", "c") is None
