"""What an update may change, and what it may not."""

from typing import Any

import pytest
from tests.unit.cluster.registry.cluster import Cluster, Webhooks, config_map, deployment, options, pod

from convoy.cluster.machinery.statuses import StatusError


async def refusal(cluster: Cluster, plural: str, obj: Any, **how: Any) -> StatusError:
    with pytest.raises(StatusError) as refused:
        await cluster.update(plural, obj, **how)
    return refused.value


async def test_stale_resource_version_is_refused(cluster: Cluster) -> None:
    first = await cluster.create("configmaps", config_map())
    await cluster.update("configmaps", config_map(data={"a": "2"}))
    error = await refusal(cluster, "configmaps", {**first, "data": {"a": "3"}})
    assert (error.code, error.reason) == (409, "Conflict")
    assert error.message.startswith(
        'Operation cannot be fulfilled on configmaps "c": the object has been modified'
    )


@pytest.mark.parametrize("version", [None, "", "0"])
async def test_update_without_a_version_replaces_whatever_there_is(
    cluster: Cluster, version: str | None
) -> None:
    await cluster.create("configmaps", config_map())
    updated = await cluster.update("configmaps", config_map(data={"a": "2"}, resourceVersion=version))
    assert updated["data"] == {"a": "2"}


async def test_version_that_is_no_number_is_refused(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map())
    assert (await refusal(cluster, "configmaps", config_map(resourceVersion="new"))).code == 422
    assert (await refusal(cluster, "configmaps", config_map(resourceVersion="9" * 5000))).code == 409


async def test_missing_object_is_not_created(cluster: Cluster) -> None:
    error = await refusal(cluster, "configmaps", config_map())
    assert (error.code, error.message) == (404, 'configmaps "c" not found')


async def test_body_of_another_object_is_refused(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map())
    resource = cluster.resource("configmaps")
    for sent, message in (
        (config_map("other"), "the name of the object (other) does not match the name on the URL (c)"),
        (
            {"metadata": {}},
            "the name of the object (c based on URL) was undeterminable: name must be provided",
        ),
        (
            config_map(namespace="kube-system"),
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ):
        with pytest.raises(StatusError) as refused:
            await cluster.registry.update(resource, "default", "c", sent, options())
        assert (refused.value.code, refused.value.message) == (400, message)


async def test_object_that_was_made_anew_is_another_one(cluster: Cluster) -> None:
    made = await cluster.create("configmaps", config_map())
    error = await refusal(cluster, "configmaps", config_map(uid="old"))
    assert error.code == 409
    assert error.message.endswith(
        f"Precondition failed: UID in precondition: old, UID in object meta: {made['metadata']['uid']}"
    )


async def test_identity_stays_when_the_body_leaves_it_out(cluster: Cluster) -> None:
    made = await cluster.create("configmaps", config_map())
    updated = await cluster.update("configmaps", config_map(data={"b": "2"}))
    assert updated["metadata"]["uid"] == made["metadata"]["uid"]
    assert updated["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]


@pytest.mark.parametrize("field", ["creationTimestamp", "deletionTimestamp"])
async def test_server_times_cannot_be_set(cluster: Cluster, field: str) -> None:
    await cluster.create("configmaps", config_map())
    error = await refusal(cluster, "configmaps", config_map(**{field: "2001-01-01T00:00:00Z"}))
    assert error.code == 422
    assert f'metadata.{field}: Invalid value: "2001-01-01T00:00:00Z": field is immutable' in error.message


async def test_update_of_nothing_makes_no_revision(cluster: Cluster) -> None:
    made = await cluster.create("deployments", deployment())
    before = cluster.store.revision
    cluster.clock.goes_on(60)
    assert await cluster.update("deployments", made) == made
    assert await cluster.update("deployments", deployment()) == made
    assert cluster.store.revision == before


async def test_generation_counts_changes_of_the_spec_alone(cluster: Cluster) -> None:
    await cluster.create("deployments", deployment())
    labelled = await cluster.patch("deployments", "d", {"metadata": {"labels": {"a": "b"}}})
    assert labelled["metadata"]["generation"] == 1
    scaled = await cluster.patch("deployments", "d", {"spec": {"replicas": 2}})
    assert scaled["metadata"]["generation"] == 2


async def test_status_is_written_through_its_subresource_only(cluster: Cluster) -> None:
    made = await cluster.create("deployments", deployment())
    sent = {**made, "spec": {**made["spec"], "replicas": 5}, "status": {"replicas": 4}}
    main = await cluster.update("deployments", sent)
    assert (main["spec"]["replicas"], main.get("status", {}).get("replicas")) == (5, None)
    sent = {**main, "spec": {**made["spec"], "replicas": 6}, "status": {"replicas": 4}}
    status = await cluster.update("deployments", sent, subresource="status")
    assert (status["spec"]["replicas"], status["status"]["replicas"]) == (5, 4)
    assert status["metadata"]["generation"] == 2


async def test_status_write_keeps_owners_and_finalizers(cluster: Cluster) -> None:
    made = await cluster.create(
        "deployments", {**deployment(), "metadata": {"name": "d", "finalizers": ["a/b"]}}
    )
    metadata = {key: value for key, value in made["metadata"].items() if key != "finalizers"}
    updated = await cluster.update(
        "deployments", {**made, "metadata": metadata, "status": {"replicas": 1}}, subresource="status"
    )
    assert updated["metadata"]["finalizers"] == ["a/b"]


async def test_ephemeral_containers_come_through_their_subresource(cluster: Cluster) -> None:
    made = await cluster.create("pods", pod())
    debugger = {"name": "debug", "image": "curl", "targetContainerName": "main"}
    sent = {**made, "spec": {**made["spec"], "ephemeralContainers": [debugger], "nodeName": "elsewhere"}}
    updated = await cluster.update("pods", sent, subresource="ephemeralcontainers")
    assert [each["name"] for each in updated["spec"]["ephemeralContainers"]] == ["debug"]
    assert "nodeName" not in updated["spec"]


async def test_immutable_fields_of_a_kind_are_refused(cluster: Cluster) -> None:
    await cluster.create("deployments", deployment())
    other = deployment()
    other["spec"]["selector"] = {"matchLabels": {"app": "d", "x": "y"}}
    other["spec"]["template"]["metadata"]["labels"]["x"] = "y"
    error = await refusal(cluster, "deployments", other)
    assert "spec.selector: Invalid value" in error.message
    assert error.message.endswith("field is immutable")


async def test_modify_reads_again_when_someone_wrote_in_between(cluster: Cluster) -> None:
    await cluster.create("configmaps", config_map())

    async def somebody_else() -> None:
        await cluster.update("configmaps", config_map(data={"a": "theirs"}))

    cluster.registry.admission = Webhooks(meanwhile=somebody_else)
    seen = []

    def change(current: dict[str, Any]) -> dict[str, Any]:
        seen.append(current["data"]["a"])
        current["data"]["b"] = "mine"
        return current

    stored = await cluster.registry.modify(cluster.resource("configmaps"), "default", "c", change, options())
    assert seen == ["1", "theirs"]
    assert stored.object["data"] == {"a": "theirs", "b": "mine"}


async def test_locked_update_is_refused_when_someone_wrote_in_between(cluster: Cluster) -> None:
    made = await cluster.create("configmaps", config_map())

    async def somebody_else() -> None:
        await cluster.update("configmaps", config_map(data={"a": "theirs"}))

    cluster.registry.admission = Webhooks(meanwhile=somebody_else)
    assert (await refusal(cluster, "configmaps", {**made, "data": {"a": "mine"}})).code == 409


async def test_modify_may_leave_the_object_alone(cluster: Cluster) -> None:
    made = await cluster.create("configmaps", config_map())
    resource, before = cluster.resource("configmaps"), cluster.store.revision
    for change in (lambda _: None, lambda current: current):
        stored = await cluster.registry.modify(resource, "default", "c", change, options())
        assert stored.object == made
    assert cluster.store.revision == before


async def test_dry_run_shows_the_update_and_keeps_nothing(cluster: Cluster) -> None:
    made = await cluster.create("configmaps", config_map())
    shown = await cluster.update("configmaps", config_map(data={"a": "2"}), dry_run=True)
    assert shown["data"] == {"a": "2"}
    assert shown["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert cluster.find("configmaps", "c") == made
