"""Patches of what is there; what they do to an object by themselves is tested where they are made."""

from typing import Any

import pytest
from tests.unit.cluster.registry.cluster import (
    Cluster,
    Webhooks,
    config_map,
    crd,
    deployment,
    options,
    pod,
    widget,
)

from convoy.cluster.machinery.requests import PatchKind
from convoy.cluster.machinery.statuses import StatusError


async def refusal(
    cluster: Cluster, plural: str, name: str, body: Any, *, kind: PatchKind = "merge", **how: Any
) -> StatusError:
    with pytest.raises(StatusError) as refused:
        await cluster.patch(plural, name, body, kind=kind, **how)
    return refused.value


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("merge", {"spec": {"replicas": 3}}),
        ("strategic", {"spec": {"replicas": 3}}),
        ("json", [{"op": "replace", "path": "/spec/replicas", "value": 3}]),
    ],
)
async def test_every_kind_of_patch_changes_what_it_names(
    cluster: Cluster, kind: PatchKind, body: Any
) -> None:
    made = await cluster.create("deployments", deployment())
    patched = await cluster.patch("deployments", "d", body, kind=kind)
    assert patched["spec"] == {**made["spec"], "replicas": 3}


async def test_missing_object_is_told(cluster: Cluster) -> None:
    assert (await refusal(cluster, "configmaps", "c", {})).code == 404


async def test_resource_version_in_a_patch_locks(cluster: Cluster) -> None:
    made = await cluster.create("configmaps", config_map())
    version = made["metadata"]["resourceVersion"]
    await cluster.patch("configmaps", "c", {"data": {"a": "2"}, "metadata": {"resourceVersion": version}})
    error = await refusal(
        cluster, "configmaps", "c", {"data": {"a": "3"}, "metadata": {"resourceVersion": version}}
    )
    assert (error.code, error.reason) == (409, "Conflict")


async def test_patch_is_made_anew_when_someone_wrote_in_between(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map())

    async def somebody_else() -> None:
        await cluster.update("configmaps", config_map(data={"theirs": "2"}))

    cluster.registry.admission = Webhooks(meanwhile=somebody_else)
    patched = await cluster.patch("configmaps", "c", {"data": {"mine": "3"}})
    assert patched["data"] == {"theirs": "2", "mine": "3"}


async def test_patch_of_nothing_makes_no_revision(cluster: Cluster) -> None:
    made = await cluster.create("configmaps", config_map())
    before = cluster.store.revision
    assert await cluster.patch("configmaps", "c", {"data": {"a": "1"}}) == made
    assert cluster.store.revision == before


async def test_unknown_field_of_a_strategic_patch_is_told_as_go_prints_it(cluster: Cluster) -> None:
    await cluster.create("deployments", deployment())
    body = {"spec": {"foo": [1, None, True], "bar": "x"}}
    error = await refusal(cluster, "deployments", "d", body, kind="strategic")
    quoted = '"map[spec:map[bar:x foo:[1 <nil> true]]]"'
    why = 'strict decoding error: unknown field "spec.foo", unknown field "spec.bar"'
    assert (error.code, error.message) == (422, f' "" is invalid: patch: Invalid value: {quoted}: {why}')
    cause = {"reason": "FieldValueInvalid", "message": f"Invalid value: {quoted}: {why}", "field": "patch"}
    assert error.details == {"causes": [cause]}


async def test_unknown_field_of_a_merge_patch_is_told_with_the_object(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map())
    error = await refusal(cluster, "configmaps", "c", {"foo": 1})
    assert error.message.startswith(' "" is invalid: patch: Invalid value: "{\\"apiVersion\\":\\"v1\\",')
    assert error.message.endswith('strict decoding error: unknown field "foo"')


async def test_unknown_field_is_a_warning_when_asked(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map())
    warned = await cluster.patch("configmaps", "c", {"foo": 1}, field_validation="Warn")
    assert "foo" not in warned


async def test_wrong_type_is_refused(cluster: Cluster) -> None:
    await cluster.create("deployments", deployment())
    error = await refusal(cluster, "deployments", "d", {"spec": {"replicas": "x"}}, kind="strategic")
    assert error.code == 422
    assert "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas" in error.message


async def test_failed_test_of_a_json_patch_changes_nothing(cluster: Cluster) -> None:
    made = await cluster.create("configmaps", config_map())
    operations = [{"op": "test", "path": "/data/a", "value": "2"}, {"op": "remove", "path": "/data"}]
    error = await refusal(cluster, "configmaps", "c", operations, kind="json")
    assert error.code == 422
    assert cluster.find("configmaps", "c") == made


async def test_name_cannot_be_patched(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map())
    error = await refusal(cluster, "configmaps", "c", {"metadata": {"name": "other"}})
    assert error.code == 400
    assert error.message == "the name of the object (other) does not match the name on the URL (c)"


async def test_custom_resources_take_no_strategic_patch(cluster: Cluster) -> None:
    await cluster.create("customresourcedefinitions", crd())
    await cluster.create("widgets", widget())
    error = await refusal(cluster, "widgets", "w", {"spec": {"size": 2}}, kind="strategic")
    assert (error.code, error.reason) == (415, "UnsupportedMediaType")
    assert "application/merge-patch+json" in error.message
    assert "application/strategic-merge-patch+json" not in error.message


async def test_status_patch_touches_the_status_only(cluster: Cluster) -> None:
    await cluster.create("pods", pod())
    body = {"spec": {"nodeName": "n"}, "status": {"phase": "Running"}}
    patched = await cluster.patch("pods", "p", body, kind="strategic", subresource="status")
    assert patched["status"]["phase"] == "Running"
    assert "nodeName" not in patched["spec"]


async def test_dry_run_shows_the_patch_and_keeps_nothing(cluster: Cluster) -> None:
    made = await cluster.create("configmaps", config_map())
    shown = await cluster.patch("configmaps", "c", {"data": {"a": "2"}}, dry_run=True)
    assert shown["data"] == {"a": "2"}
    assert shown["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert cluster.find("configmaps", "c") == made


async def test_internal_writes_are_not_searched_for_strays(cluster: Cluster) -> None:
    made = await cluster.registry.create(
        cluster.resource("configmaps"), "default", {**config_map(), "stray": 1}, options(is_internal=True)
    )
    assert made.object["stray"] == 1
