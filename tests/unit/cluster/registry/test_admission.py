"""What webhooks see, and what becomes of their answers."""

from typing import Any

import pytest
from tests.unit.cluster.registry.cluster import (
    Cluster,
    Webhooks,
    config_map,
    crd,
    deployment,
    options,
    widget,
)

from convoy.cluster.machinery.statuses import StatusError


async def test_webhooks_see_the_kept_version_and_the_asked_one(cluster: Cluster) -> None:
    hooks = cluster.registry.admission = Webhooks()
    old = deployment(api_version="extensions/v1beta1")
    await cluster.create("extensions/v1beta1/deployments", old)
    mutating, validating = hooks.seen
    assert (mutating.operation, mutating.subresource, mutating.old_object) == ("CREATE", "", None)
    assert (mutating.resource.api_version, mutating.asked.api_version) == ("apps/v1", "extensions/v1beta1")
    assert mutating.object
    assert mutating.object["apiVersion"] == "apps/v1"
    assert mutating.options == {
        "kind": "CreateOptions",
        "apiVersion": "meta.k8s.io/v1",
        "fieldManager": "kubectl",
        "fieldValidation": "Strict",
    }
    assert validating.object
    assert validating.object["spec"]["selector"] == {"matchLabels": {"app": "d"}}


async def test_webhooks_see_both_states_of_an_update(cluster: Cluster) -> None:
    made = await cluster.create("configmaps", config_map())
    hooks = cluster.registry.admission = Webhooks()
    await cluster.update("configmaps", config_map(data={"a": "2"}))
    for request in hooks.seen:
        assert request.operation == "UPDATE"
        assert request.old_object == made
        assert request.object
        assert request.object["data"] == {"a": "2"}


async def test_what_a_webhook_changes_is_kept(cluster: Cluster) -> None:
    cluster.registry.admission = Webhooks(
        change=lambda obj: {**obj, "data": {**obj["data"], "hook": "x", "n": "1"}}
    )
    made = await cluster.create("configmaps", config_map())
    assert made["data"] == {"a": "1", "hook": "x", "n": "1"}


async def test_what_a_webhook_changes_is_judged(cluster: Cluster) -> None:
    def spoil(obj: dict[str, Any]) -> dict[str, Any]:
        return {**obj, "spec": {**obj["spec"], "replicas": -1}}

    cluster.registry.admission = Webhooks(change=spoil)
    with pytest.raises(StatusError) as refused:
        await cluster.create("deployments", deployment())
    assert "spec.replicas: Invalid value: -1" in refused.value.message


async def test_unreadable_answer_is_the_webhooks_fault(cluster: Cluster) -> None:
    cluster.registry.admission = Webhooks(change=lambda obj: {**obj, "spec": "nonsense"})
    with pytest.raises(StatusError) as refused:
        await cluster.create("deployments", deployment())
    assert (refused.value.code, refused.value.reason) == (500, "InternalError")


async def test_refused_object_is_not_kept(cluster: Cluster) -> None:
    cluster.registry.admission = Webhooks(refuse=StatusError(403, "Forbidden", "admission webhook said no"))
    with pytest.raises(StatusError, match="said no"):
        await cluster.create("configmaps", config_map())
    assert cluster.find("configmaps", "c") is None


async def test_what_webhooks_give_custom_resources_is_pruned_and_defaulted(cluster: Cluster) -> None:
    await cluster.create("customresourcedefinitions", crd())
    cluster.registry.admission = Webhooks(change=lambda obj: {**obj, "spec": {"stray": 1}})
    made = await cluster.create("widgets", widget(spec={"size": 5}))
    assert made["spec"] == {"size": 1}


async def test_webhook_cannot_reach_the_status_of_a_main_write(cluster: Cluster) -> None:
    await cluster.create("deployments", deployment())
    cluster.registry.admission = Webhooks(change=lambda obj: {**obj, "status": {"replicas": 7}})
    updated = await cluster.patch("deployments", "d", {"spec": {"replicas": 2}})
    assert (updated.get("status") or {}).get("replicas") is None


async def test_dry_run_is_told_to_webhooks(cluster: Cluster) -> None:
    hooks = cluster.registry.admission = Webhooks()
    how = options(dry_run=True)
    await cluster.registry.create(cluster.resource("configmaps"), "default", config_map(), how)
    assert [(request.dry_run, request.options["dryRun"]) for request in hooks.seen] == [(True, ["All"])] * 2
    hooks.seen[0].warn("mind this")
    assert how.warnings == ["mind this"]


async def test_name_taken_while_a_webhook_thinks_is_refused(cluster: Cluster) -> None:
    async def somebody_else() -> None:
        await cluster.create("configmaps", config_map(data={"a": "theirs"}))

    cluster.registry.admission = Webhooks(meanwhile=somebody_else)
    with pytest.raises(StatusError, match='configmaps "c" already exists'):
        await cluster.create("configmaps", config_map())
    kept = cluster.find("configmaps", "c")
    assert kept
    assert kept["data"] == {"a": "theirs"}
