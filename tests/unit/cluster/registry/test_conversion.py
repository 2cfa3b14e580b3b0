"""Objects in versions other than the one they are kept in."""

from typing import Any

from tests.unit.cluster.registry.cluster import Cluster, deployment, options

from convoy.cluster.machinery.requests import Patch

OLD_DEPLOYMENTS = "extensions/v1beta1/deployments"
OLD_SCALERS = "autoscaling/v1/horizontalpodautoscalers"


def scaler(api_version: str = "autoscaling/v1", **spec: Any) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    return {
        "apiVersion": api_version,
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 4, **spec},
    }


async def test_old_deployment_is_kept_as_a_new_one(cluster: Cluster) -> None:
    sent = deployment(api_version="extensions/v1beta1", rollbackTo={"revision": 2})
    made = await cluster.create(OLD_DEPLOYMENTS, sent)
    assert made["apiVersion"] == "apps/v1"
    assert made["spec"]["selector"] == {"matchLabels": {"app": "d"}}
    assert made["metadata"]["labels"] == {"app": "d"}
    assert "rollbackTo" not in made["spec"]


async def test_old_deployment_lets_no_replica_go_before_its_successor(cluster: Cluster) -> None:
    made = await cluster.create(OLD_DEPLOYMENTS, deployment(api_version="extensions/v1beta1"))
    assert made["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}


async def test_deployment_is_shown_in_the_group_asked(cluster: Cluster) -> None:
    await cluster.create(OLD_DEPLOYMENTS, deployment(api_version="extensions/v1beta1"))
    old = cluster.resource(OLD_DEPLOYMENTS)
    stored = cluster.registry.get(old, "default", "d")
    shown = cluster.registry.shown(stored, old)
    assert shown.startswith(b'{"apiVersion":"extensions/v1beta1","kind":"Deployment"')
    assert cluster.registry.shown(stored, old) is shown
    assert cluster.registry.shown(stored, cluster.resource("apps/v1/deployments")) is stored.raw


async def test_old_deployment_can_be_patched_and_replaced(cluster: Cluster) -> None:
    await cluster.create(OLD_DEPLOYMENTS, deployment(api_version="extensions/v1beta1"))
    patched = await cluster.patch(OLD_DEPLOYMENTS, "d", {"spec": {"replicas": 2}}, kind="strategic")
    assert (patched["apiVersion"], patched["spec"]["replicas"]) == ("apps/v1", 2)
    sent = deployment(api_version="extensions/v1beta1", replicas=3)
    assert (await cluster.update(OLD_DEPLOYMENTS, sent))["spec"]["replicas"] == 3


async def test_dry_run_is_shown_in_the_version_asked(cluster: Cluster) -> None:
    old = cluster.resource(OLD_DEPLOYMENTS)
    await cluster.create(OLD_DEPLOYMENTS, deployment(api_version="extensions/v1beta1"))
    cluster.registry.shown(cluster.registry.get(old, "default", "d"), old)
    patch = Patch("merge", {"spec": {"replicas": 7}})
    tried, _ = await cluster.registry.patch(old, "default", "d", patch, options(dry_run=True))
    assert cluster.registry.shown_object(tried, old)["spec"]["replicas"] == 7
    kept = cluster.registry.get(old, "default", "d")
    assert cluster.registry.shown_object(kept, old)["spec"]["replicas"] == 1


async def test_cpu_target_is_a_metric(cluster: Cluster) -> None:
    made = await cluster.create(OLD_SCALERS, scaler(targetCPUUtilizationPercentage=60))
    assert made["apiVersion"] == "autoscaling/v2"
    target = {"type": "Utilization", "averageUtilization": 60}
    assert made["spec"]["metrics"] == [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    shown = cluster.registry.shown_object(
        cluster.registry.get(cluster.resource(OLD_SCALERS), "default", "h"), cluster.resource(OLD_SCALERS)
    )
    assert shown["spec"]["targetCPUUtilizationPercentage"] == 60
    assert "metrics" not in shown["spec"]


async def test_what_the_old_version_cannot_say_survives_it(cluster: Cluster) -> None:
    memory = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 50}},
    }
    cpu = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 5}}
    new = scaler("autoscaling/v2", metrics=[cpu, memory], behavior=behavior)
    await cluster.create("autoscaling/v2/horizontalpodautoscalers", new)
    old = cluster.resource(OLD_SCALERS)
    shown = cluster.registry.shown_object(cluster.registry.get(old, "default", "h"), old)
    stored = await cluster.registry.update(
        old, "default", "h", {**shown, "spec": {**shown["spec"], "maxReplicas": 9}}, options()
    )
    assert stored.object["spec"]["maxReplicas"] == 9
    assert stored.object["spec"]["metrics"] == [cpu, memory]
    assert stored.object["spec"]["behavior"] == behavior
    assert "annotations" not in stored.object["metadata"]


async def test_cpu_status_is_shown_in_the_old_version(cluster: Cluster) -> None:
    await cluster.create(OLD_SCALERS, scaler())
    current = [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 33}}}]
    status = {"currentReplicas": 1, "desiredReplicas": 2, "currentMetrics": current}
    await cluster.patch("horizontalpodautoscalers", "h", {"status": status}, subresource="status")
    old = cluster.resource(OLD_SCALERS)
    shown = cluster.registry.shown_object(cluster.registry.get(old, "default", "h"), old)
    assert shown["status"] == {
        "currentReplicas": 1,
        "desiredReplicas": 2,
        "currentCPUUtilizationPercentage": 33,
    }
