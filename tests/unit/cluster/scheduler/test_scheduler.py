"""The scheduler at work over the real registry."""

import asyncio

from tests.kit.waiting import until
from tests.unit.cluster.controllers.harness import Cluster, running_cluster


async def soon(look):
    async with asyncio.timeout(10):
        return await until(look, every=0.002)


async def make(cluster: Cluster, name: str, **spec) -> None:
    spec = {"containers": [{"name": "c", "image": "x"}], **spec}
    await cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def node_of(cluster: Cluster, name: str) -> str:
    found = cluster.get("pods", name)
    assert found is not None
    return found["spec"].get("nodeName", "")


def scheduled(cluster: Cluster, name: str) -> tuple[str, str] | None:
    conditions = (cluster.get("pods", name) or {})["status"].get("conditions", ())
    found = [each for each in conditions if each["type"] == "PodScheduled"]
    return (found[0]["status"], found[0].get("reason", "")) if found else None


async def test_a_pod_is_bound_and_told_so():
    async with running_cluster() as cluster:
        await make(cluster, "a")
        await soon(lambda: node_of(cluster, "a") == "node1")
        assert scheduled(cluster, "a") == ("True", "")
        await soon(lambda: ("Scheduled", "Successfully assigned default/a to node1") in cluster.events("a"))


async def test_a_cordoned_node_takes_no_pod_until_it_is_free():
    async with running_cluster() as cluster:
        await cluster.change("nodes", "node1", lambda node: node["spec"].update(unschedulable=True))
        await make(cluster, "a")
        await soon(lambda: scheduled(cluster, "a") == ("False", "Unschedulable"))
        (event,) = await soon(lambda: cluster.events("a"))
        assert event[0] == "FailedScheduling"
        assert event[1].startswith("0/1 nodes are available: 1 node(s) were unschedulable. preemption:")
        await cluster.change("nodes", "node1", lambda node: node["spec"].pop("unschedulable"))
        await soon(lambda: node_of(cluster, "a"))


async def test_a_waiting_pod_gets_the_place_of_one_that_ends():
    async with running_cluster() as cluster:
        large = [{"name": "c", "image": "x", "resources": {"requests": {"cpu": "3"}}}]
        await make(cluster, "first", containers=large)
        await soon(lambda: node_of(cluster, "first"))
        await make(cluster, "second", containers=large)
        await soon(lambda: scheduled(cluster, "second") == ("False", "Unschedulable"))
        await cluster.delete("pods", "first")
        await soon(lambda: node_of(cluster, "second"))


async def test_a_pod_waits_at_its_gates():
    async with running_cluster() as cluster:
        await make(cluster, "a", schedulingGates=[{"name": "example.com/wait"}])
        await soon(lambda: scheduled(cluster, "a") == ("False", "SchedulingGated"))
        await cluster.change("pods", "a", lambda pod: pod["spec"].pop("schedulingGates"))
        await soon(lambda: node_of(cluster, "a"))


async def test_pods_of_another_scheduler_are_left_to_it():
    async with running_cluster() as cluster:
        await make(cluster, "theirs", schedulerName="other")
        await make(cluster, "ours")
        await soon(lambda: node_of(cluster, "ours"))
        assert scheduled(cluster, "theirs") is None


async def test_a_missing_claim_holds_a_pod():
    async with running_cluster() as cluster:
        await make(cluster, "a", volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "none"}}])
        (event,) = await soon(lambda: cluster.events("a"))
        assert event[1].startswith('0/1 nodes are available: persistentvolumeclaim "none" not found.')


async def test_many_pods_are_spread_evenly():
    async with running_cluster(nodes=3) as cluster:
        for number in range(12):
            await make(cluster, f"p{number}")
        await soon(lambda: all(node_of(cluster, f"p{number}") for number in range(12)))
        nodes = [node_of(cluster, f"p{number}") for number in range(12)]
        assert sorted(map(nodes.count, set(nodes))) == [4, 4, 4]
