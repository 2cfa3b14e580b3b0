"""All controllers together, over the real store and registry; a kubelet in words only."""

import asyncio
from typing import Any

import pytest
from tests.kit.waiting import until
from tests.unit.cluster.controllers.harness import Cluster, ready_names, running, running_cluster, started
from tests.unit.cluster.controllers.workloads import Json, template

from convoy.cluster.controllers.controller import Settings

DEPLOYMENTS, SETS, PODS = "apps/deployments", "apps/replicasets", "pods"
SLICES = "discovery.k8s.io/endpointslices"


def web(name="web", *, replicas=2, image="web:v1", **spec) -> Json:
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": "web"}},
        "template": template(image),
        **spec,
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def service(name="web", **spec) -> Json:
    spec = {"clusterIP": "None", "ports": [{"port": 80, "targetPort": 8080}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def manifest(api_version, kind, name, **fields) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


def status(cluster: Cluster, storage: str, name: str, namespace: str = "default") -> Json:
    return (cluster.get(storage, name, namespace) or {}).get("status") or {}


async def soon(look: Any) -> Any:
    async with asyncio.timeout(10):
        return await until(look, every=0.002)


async def in_time(cluster: Cluster, look: Any, *, step: float = 30) -> Any:
    """What there is to see once enough time has passed; it passes while the test looks."""

    def look_later() -> Any:
        cluster.clock.move(step)
        return look()

    async with asyncio.timeout(10):
        return await until(look_later, every=0.005)


def is_rolled_out(cluster: Cluster, name: str = "web") -> bool:
    owner = cluster.get(DEPLOYMENTS, name)
    assert owner is not None
    told = owner.get("status") or {}
    wanted = owner["spec"]["replicas"]
    counts = [told.get(field, 0) for field in ("updatedReplicas", "replicas", "availableReplicas")]
    return told.get("observedGeneration") == owner["metadata"]["generation"] and counts == [wanted] * 3


def ready_addresses(cluster: Cluster) -> set[str]:
    return {
        entry["targetRef"]["name"]
        for each in cluster.all(SLICES)
        for entry in each["endpoints"]
        if entry["conditions"]["ready"]
    }


def set_image(image):
    def change(owner: Json) -> None:
        owner["spec"]["template"]["spec"]["containers"][0]["image"] = image

    return change


async def test_a_deployment_is_rolled_out_changed_and_undone():
    async with running_cluster(nodes=2) as cluster:
        await cluster.create(web())
        await soon(lambda: is_rolled_out(cluster))
        (first,) = cluster.all(SETS)
        await cluster.change(DEPLOYMENTS, "web", set_image("web:v2"))
        await soon(lambda: is_rolled_out(cluster) and len(cluster.all(PODS)) == 2)
        assert {each["spec"]["containers"][0]["image"] for each in cluster.all(PODS)} == {"web:v2"}
        undone = first["spec"]["template"]  # as kubectl does it: the old set's template without its hash
        plain = {**undone, "metadata": {"labels": {"app": "web"}}}
        await cluster.change(DEPLOYMENTS, "web", lambda owner: owner["spec"].update(template=plain))
        await soon(lambda: is_rolled_out(cluster) and len(cluster.all(PODS)) == 2)
        back = cluster.get(SETS, first["metadata"]["name"])
        assert back is not None
        assert back["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
        assert back["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"
        owner = cluster.get(DEPLOYMENTS, "web")
        assert owner is not None
        assert owner["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
        assert len(cluster.all(SETS)) == 2


async def test_a_rollout_always_leaves_enough_ready_endpoints():
    async with running_cluster(nodes=2) as cluster:
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
        await cluster.create(web(replicas=3, strategy=rolling))
        await cluster.create(service(selector={"app": "web"}))
        await soon(lambda: len(ready_addresses(cluster)) == 3)
        with cluster.store.watch(SLICES) as watch:
            await cluster.change(DEPLOYMENTS, "web", set_image("web:v2"))
            await soon(lambda: is_rolled_out(cluster) and len(cluster.all(PODS)) == 3)
            ready = [len(ready_in(event.stored.object)) for event in await watch.take()]
        assert len(ready) > 3
        assert min(ready) == 3


def ready_in(endpoint_slice: Json) -> list[Json]:
    return [each for each in endpoint_slice["endpoints"] if each["conditions"]["ready"]]


async def test_an_ending_pod_leaves_the_ready_endpoints_at_once_and_stays_listed():
    async with running_cluster() as cluster:
        await cluster.create(web(replicas=1))
        await cluster.create(service(selector={"app": "web"}))
        await soon(lambda: ready_addresses(cluster))
        (name,) = ready_addresses(cluster)
        cluster.ends_pods = False
        await cluster.delete(PODS, name)
        await soon(lambda: name not in ready_addresses(cluster))
        (entry,) = [
            each
            for found in cluster.all(SLICES)
            for each in found["endpoints"]
            if each["targetRef"]["name"] == name
        ]
        assert entry["conditions"] == {"ready": False, "serving": True, "terminating": True}
        await soon(lambda: name not in addresses_in(cluster.get("endpoints", "web")))


def addresses_in(endpoints: Json | None) -> set[str]:
    subsets = (endpoints or {}).get("subsets") or ()
    return {each["targetRef"]["name"] for subset in subsets for each in subset.get("addresses", ())}


async def test_endpoints_go_with_their_service():
    async with running_cluster() as cluster:
        await cluster.create(service(selector={"app": "web"}))
        await soon(lambda: cluster.all(SLICES) and cluster.get("endpoints", "web"))
        await cluster.delete("services", "web")
        await soon(lambda: not cluster.all(SLICES) and cluster.get("endpoints", "web") is None)


async def test_a_persons_endpoints_are_mirrored_and_follow():
    async with running_cluster() as cluster:
        subsets = [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 5432}]}]
        await cluster.create(service("db"))
        await cluster.create(manifest("v1", "Endpoints", "db", subsets=subsets))
        await soon(lambda: cluster.all(SLICES))
        (mirrored,) = cluster.all(SLICES)
        assert mirrored["endpoints"][0]["addresses"] == ["192.0.2.1"]
        await cluster.delete("endpoints", "db")
        await soon(lambda: not cluster.all(SLICES))


async def test_a_pod_set_free_is_replaced_and_taken_back():
    async with running_cluster() as cluster:
        await cluster.create(web(replicas=1))
        await soon(lambda: ready_names(cluster))
        (name,) = ready_names(cluster)
        await cluster.change(PODS, name, lambda pod: pod["metadata"]["labels"].update(app="mine"))
        await soon(lambda: len(ready_names(cluster)) == 2)
        free = cluster.get(PODS, name)
        assert free is not None
        assert "ownerReferences" not in free["metadata"]
        await cluster.change(PODS, name, lambda pod: pod["metadata"]["labels"].update(app="web"))
        await soon(lambda: len(ready_names(cluster)) == 1)


async def test_a_failing_create_is_told_and_tried_again():
    async with running_cluster() as cluster:
        wanted = web(replicas=1)
        wanted["spec"]["template"]["spec"]["serviceAccountName"] = "late"
        await cluster.create(wanted)
        await soon(lambda: any(reason == "FailedCreate" for reason, _ in cluster.events()))
        await soon(
            lambda: any(
                e["type"] == "ReplicaFailure" for e in status(cluster, DEPLOYMENTS, "web")["conditions"]
            )
        )
        await cluster.create(manifest("v1", "ServiceAccount", "late"))
        await in_time(cluster, lambda: is_rolled_out(cluster))
        await soon(
            lambda: (
                not any(
                    e["type"] == "ReplicaFailure" for e in status(cluster, DEPLOYMENTS, "web")["conditions"]
                )
            )
        )


async def test_minimum_ready_seconds_hold_a_rollout():
    async with running_cluster() as cluster:
        await cluster.create(web(replicas=1, minReadySeconds=30))
        await soon(lambda: status(cluster, DEPLOYMENTS, "web").get("readyReplicas") == 1)
        assert "availableReplicas" not in status(cluster, DEPLOYMENTS, "web")
        await in_time(cluster, lambda: is_rolled_out(cluster))


async def test_a_stateful_set_has_claims_with_volumes_and_leaves_nothing(tmp_path):
    mounting = template()
    mounting["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    spec = {
        "serviceName": "db",
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": mounting,
        "volumeClaimTemplates": [claim],
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"},
    }
    async with running_cluster(settings=Settings(volumes=tmp_path)) as cluster:
        await cluster.create(manifest("apps/v1", "StatefulSet", "db", spec=spec))
        await soon(lambda: status(cluster, "apps/statefulsets", "db").get("availableReplicas") == 2)
        assert ready_names(cluster) == ["db-0", "db-1"]
        bound = status(cluster, "persistentvolumeclaims", "data-db-1")
        assert (bound["phase"], bound["capacity"]) == ("Bound", {"storage": "1Gi"})
        assert len(list(tmp_path.iterdir())) == 2
        assert len(cluster.all("apps/controllerrevisions")) == 1
        await cluster.delete("apps/statefulsets", "db", propagation="Foreground")
        await soon(lambda: cluster.get("apps/statefulsets", "db") is None)
        await soon(lambda: not cluster.all("persistentvolumeclaims") and not cluster.all("persistentvolumes"))
        assert not cluster.all(PODS)
        assert not cluster.all("apps/controllerrevisions")
        assert list(tmp_path.iterdir()) == []


async def test_a_claim_waits_with_a_reason_where_no_volumes_are_kept():
    async with running_cluster() as cluster:
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        await cluster.create(manifest("v1", "PersistentVolumeClaim", "data", spec=spec))
        await soon(lambda: cluster.events("data"))
        assert cluster.events("data") == [("ProvisioningFailed", "the embedded cluster keeps no volumes")]
        volume = {
            "capacity": {"storage": "5Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "standard",
            "hostPath": {"path": "/data"},
        }
        await cluster.create(manifest("v1", "PersistentVolume", "by-hand", spec=volume))
        await soon(lambda: status(cluster, "persistentvolumeclaims", "data").get("phase") == "Bound")
        await soon(lambda: status(cluster, "persistentvolumes", "by-hand").get("phase") == "Bound")


async def test_a_used_claim_waits_for_its_pod(tmp_path):
    async with running_cluster(settings=Settings(volumes=tmp_path)) as cluster:
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        await cluster.create(manifest("v1", "PersistentVolumeClaim", "data", spec=spec))
        volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
        pod_spec = {"containers": [{"name": "c", "image": "x"}], "volumes": [volume]}
        await cluster.create(manifest("v1", "Pod", "user", spec=pod_spec))
        await soon(lambda: ready_names(cluster) == ["user"])
        await cluster.delete("persistentvolumeclaims", "data")
        held = cluster.get("persistentvolumeclaims", "data")
        assert held is not None
        assert "deletionTimestamp" in held["metadata"]
        await cluster.delete(PODS, "user")
        await soon(lambda: cluster.get("persistentvolumeclaims", "data") is None)


async def test_a_daemon_set_follows_the_nodes():
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template()}
    async with running_cluster(nodes=2) as cluster:
        await cluster.create(manifest("apps/v1", "DaemonSet", "log", spec=spec))
        await soon(lambda: status(cluster, "apps/daemonsets", "log").get("numberAvailable") == 2)
        await cluster.add_node("node3")
        await soon(lambda: status(cluster, "apps/daemonsets", "log").get("numberAvailable") == 3)
        assert sorted(each["spec"]["nodeName"] for each in cluster.all(PODS)) == ["node1", "node2", "node3"]
        await cluster.change("apps/daemonsets", "log", set_image("web:v2"))
        await soon(lambda: status(cluster, "apps/daemonsets", "log").get("updatedNumberScheduled") == 3)
        await soon(lambda: len(cluster.all("apps/controllerrevisions")) == 2)


async def test_a_job_runs_to_its_end_and_expires():
    spec = {
        "completions": 3,
        "parallelism": 2,
        "completionMode": "Indexed",
        "ttlSecondsAfterFinished": 60,
        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}},
    }
    async with running_cluster() as cluster:
        cluster.kubelet_says = lambda pod: {"phase": "Succeeded"}
        await cluster.create(manifest("batch/v1", "Job", "sum", spec=spec))
        await soon(lambda: status(cluster, "batch/jobs", "sum").get("completionTime"))
        assert status(cluster, "batch/jobs", "sum")["completedIndexes"] == "0-2"
        await soon(lambda: ("Completed", "Job completed") in cluster.events("sum"))
        labels = [each["metadata"]["labels"]["batch.kubernetes.io/job-name"] for each in cluster.all(PODS)]
        assert labels == ["sum"] * 3
        assert not any(
            "finalizers" in each["metadata"] and each["metadata"]["finalizers"] for each in cluster.all(PODS)
        )
        await in_time(cluster, lambda: not cluster.all("batch/jobs") and not cluster.all(PODS))


async def test_a_failing_job_gives_up():
    spec = {
        "backoffLimit": 1,
        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}},
    }
    async with running_cluster() as cluster:
        cluster.kubelet_says = lambda pod: {"phase": "Failed"}
        await cluster.create(manifest("batch/v1", "Job", "bad", spec=spec))
        await soon(lambda: status(cluster, "batch/jobs", "bad").get("failed") == 1)
        await in_time(
            cluster,
            lambda: [
                c for c in status(cluster, "batch/jobs", "bad").get("conditions", ()) if c["type"] == "Failed"
            ],
        )
        assert status(cluster, "batch/jobs", "bad")["failed"] == 2


async def test_a_cron_job_starts_a_job_on_time():
    template_spec = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}
    spec = {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": template_spec}}}
    async with running_cluster() as cluster:
        cluster.kubelet_says = lambda pod: {"phase": "Succeeded"}
        await cluster.create(manifest("batch/v1", "CronJob", "tidy", spec=spec))
        await in_time(cluster, lambda: status(cluster, "batch/cronjobs", "tidy").get("lastSuccessfulTime"))
        made = cluster.all("batch/jobs")[0]
        assert made["metadata"]["ownerReferences"][0]["name"] == "tidy"
        at = made["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
        assert at == "2030-01-01T12:05:00Z"


async def test_a_namespace_goes_with_all_that_is_in_it():
    async with running_cluster() as cluster:
        await cluster.create(manifest("v1", "Namespace", "shop"))
        await soon(lambda: cluster.get("serviceaccounts", "default", "shop"))
        root = await soon(lambda: cluster.get("configmaps", "kube-root-ca.crt", "shop"))
        assert root["data"] == {"ca.crt": "PEM"}
        await cluster.create(web(), "shop")
        await cluster.create(service(selector={"app": "web"}), "shop")
        await soon(lambda: len([p for p in cluster.all(PODS, "shop") if p["status"].get("podIP")]) == 2)
        await cluster.delete("namespaces", "shop")
        await soon(lambda: cluster.get("namespaces", "shop") is None)
        left = [storage for storage in cluster.resources.storages() if cluster.store.list(storage, "shop")]
        assert left == []


async def test_a_namespace_waits_for_its_pods_before_it_takes_what_they_need():
    async with running_cluster() as cluster:
        await cluster.create(manifest("v1", "Namespace", "shop"))
        await soon(lambda: cluster.get("serviceaccounts", "default", "shop"))
        await cluster.create(manifest("v1", "ConfigMap", "settings"), "shop")
        await cluster.create(web(replicas=1), "shop")
        await soon(lambda: [p for p in cluster.all(PODS, "shop") if p["status"].get("podIP")])
        cluster.ends_pods = False
        await cluster.delete("namespaces", "shop")
        remaining = await soon(
            lambda: [
                each
                for each in status(cluster, "namespaces", "shop").get("conditions", ())
                if each["type"] == "NamespaceContentRemaining" and each["status"] == "True"
            ]
        )
        assert "pods has 1 resource instances" in remaining[0]["message"]
        assert cluster.get("configmaps", "settings", "shop") is not None
        (pod,) = cluster.all(PODS, "shop")
        await cluster.delete(PODS, pod["metadata"]["name"], "shop", grace_period_seconds=0)
        await soon(lambda: cluster.get("namespaces", "shop") is None)


async def test_the_default_account_and_the_certificates_come_back():
    async with running_cluster() as cluster:
        await soon(lambda: cluster.get("configmaps", "kube-root-ca.crt"))
        await cluster.delete("serviceaccounts", "default")
        await cluster.change("configmaps", "kube-root-ca.crt", lambda each: each.update(data={"ca.crt": "?"}))
        await soon(lambda: cluster.get("serviceaccounts", "default"))
        await soon(lambda: (cluster.get("configmaps", "kube-root-ca.crt") or {})["data"]["ca.crt"] == "PEM")


async def test_a_budget_tells_how_many_pods_may_go():
    async with running_cluster() as cluster:
        cluster.kubelet_says = started
        await cluster.create(web(replicas=3))
        spec = {"minAvailable": "50%", "selector": {"matchLabels": {"app": "web"}}}
        await cluster.create(manifest("policy/v1", "PodDisruptionBudget", "web", spec=spec))
        await soon(lambda: status(cluster, "policy/poddisruptionbudgets", "web").get("expectedPods") == 3)
        await soon(lambda: len([each for each in cluster.all(PODS) if each["status"].get("podIP")]) == 3)
        assert status(cluster, "policy/poddisruptionbudgets", "web")["disruptionsAllowed"] == 0
        for each in cluster.all(PODS):
            await cluster.set_pod(each["metadata"]["name"], running(each))
        await soon(lambda: status(cluster, "policy/poddisruptionbudgets", "web")["disruptionsAllowed"] == 1)


@pytest.mark.parametrize(
    "wanted",
    [
        manifest(
            "networking.k8s.io/v1",
            "Ingress",
            "it",
            spec={"defaultBackend": {"service": {"name": "x", "port": {"number": 80}}}},
        ),
        manifest("networking.k8s.io/v1", "NetworkPolicy", "it", spec={"podSelector": {}}),
        manifest("v1", "ResourceQuota", "it", spec={"hard": {"pods": "1"}}),
    ],
    ids=lambda each: each["kind"],
)
async def test_what_nobody_acts_on_says_so_once(wanted):
    async with running_cluster() as cluster:
        await cluster.create({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "of-nothing"}})
        made = await cluster.create(wanted)
        await soon(lambda: cluster.events("it"))
        storage = cluster.resources.by_kind(made["apiVersion"], made["kind"]).storage
        await cluster.change(storage, "it", lambda each: each["metadata"].update(labels={"a": "b"}))
        await asyncio.sleep(0.02)
        ((reason, message),) = cluster.events("it")
        assert reason == "NoController"
        assert made["kind"] in message


async def test_a_pod_that_does_not_tolerate_a_taint_is_driven_out():
    async with running_cluster() as cluster:
        patient = [{"key": "broken", "operator": "Exists", "tolerationSeconds": 100}]
        for name, tolerations in (("plain", []), ("patient", patient)):
            spec = {"containers": [{"name": "c", "image": "x"}], "tolerations": tolerations}
            await cluster.create(manifest("v1", "Pod", name, spec=spec))
        await soon(lambda: len(ready_names(cluster)) == 2)
        taint = {"key": "broken", "effect": "NoExecute"}
        await cluster.change("nodes", "node1", lambda node: node["spec"].update(taints=[taint]))
        await soon(lambda: cluster.get(PODS, "plain") is None)
        assert cluster.get(PODS, "patient") is not None
        await in_time(cluster, lambda: cluster.get(PODS, "patient") is None)


async def test_a_cordoned_node_bears_the_taint_until_it_is_free():
    async with running_cluster() as cluster:

        def taints() -> list[str]:
            node = cluster.get("nodes", "node1")
            return [each["key"] for each in (node or {})["spec"].get("taints", ())]

        await cluster.change("nodes", "node1", lambda node: node["spec"].update(unschedulable=True))
        await soon(lambda: taints() == ["node.kubernetes.io/unschedulable"])
        await cluster.change("nodes", "node1", lambda node: node["spec"].pop("unschedulable"))
        await soon(lambda: taints() == [])


async def test_pods_of_a_node_that_is_gone_are_given_up():
    async with running_cluster() as cluster:
        await cluster.create(web(replicas=1))
        await soon(lambda: ready_names(cluster))
        cluster.kubelet_says = lambda pod: None
        await cluster.delete("nodes", "node1")
        await asyncio.sleep(0.02)
        (pod,) = cluster.all(PODS)
        await in_time(cluster, lambda: cluster.get(PODS, pod["metadata"]["name"]) is None)


async def test_events_are_bounded_and_expire():
    async with running_cluster(settings=Settings(events=20)) as cluster:
        owner = cluster.get("namespaces", "default")
        assert owner is not None
        for number in range(60):
            about = {**owner, "metadata": {**owner["metadata"], "uid": f"u{number}", "name": f"n{number}"}}
            cluster.recorder.record(about, "Normal", "Tested", "once", component="test")
        await soon(lambda: len(cluster.all("events")) >= 60)
        await in_time(cluster, lambda: len(cluster.all("events")) <= 20, step=2)
        assert cluster.all("events")
        await in_time(cluster, lambda: not cluster.all("events"), step=60)


async def test_the_same_thing_told_again_is_counted():
    async with running_cluster(nodes=0) as cluster:
        owner = cluster.get("namespaces", "default")
        assert owner is not None
        for _ in range(3):
            cluster.recorder.record(owner, "Warning", "Again", "and again", component="test")
            await soon(lambda: cluster.recorder.is_idle)
        (event,) = [each for each in cluster.all("events") if each["reason"] == "Again"]
        assert event["count"] == 3
        for number in range(30):
            cluster.recorder.record(owner, "Warning", "Many", f"different {number}", component="test")
        await soon(lambda: cluster.recorder.is_idle)
        many = [each for each in cluster.all("events") if each["reason"] == "Many"]
        assert len(many) == 11
        (combined,) = [each for each in many if each["message"].startswith("(combined")]
        assert combined["message"] == "(combined from similar events): different 29"
        assert combined["count"] == 20
