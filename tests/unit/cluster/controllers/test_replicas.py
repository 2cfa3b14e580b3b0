"""Which pods a set makes and removes, and its status."""

from datetime import UTC, datetime

import pytest
from tests.unit.cluster.controllers.workloads import obj, pod, template

from convoy.cluster.controllers.replicas import Failure, plan_replicas, replica_status

NOW = datetime(2030, 1, 1, 0, 1, 0, tzinfo=UTC)


def names(pods):
    return [each["metadata"]["name"] for each in pods]


def test_missing_pods_are_made():
    assert plan_replicas(3, [pod("a")]).create == 2


def test_finished_and_ending_pods_do_not_count():
    gone = [pod("a", phase="Failed"), pod("b", deletionTimestamp="2030-01-01T00:00:00Z")]
    assert plan_replicas(1, gone).create == 1


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (pod("x", spec={}), pod("y")),
        (pod("x", phase="Pending", ready=False), pod("y", ready=False)),
        (pod("x", ready=False), pod("y")),
        (pod("x", annotations={"controller.kubernetes.io/pod-deletion-cost": "-1"}), pod("y")),
    ],
    ids=["unassigned", "pending", "unready", "cheaper"],
)
def test_what_costs_least_goes_first(first, other):
    assert names(plan_replicas(1, [other, first]).delete) == ["x"]
    assert names(plan_replicas(1, [first, other]).delete) == ["x"]


def test_pods_on_a_crowded_node_go_first():
    pods = [pod("a"), pod("b"), pod("c", spec={"nodeName": "node2"})]
    assert "c" not in names(plan_replicas(2, pods).delete)


def test_the_youngest_goes_first_among_equals():
    old, young = pod("old"), pod("young")
    assert names(plan_replicas(1, [old, young]).delete) == ["young"]


def test_a_pod_is_available_only_after_it_was_ready_for_a_while():
    owner = obj("apps/v1", "ReplicaSet", "web", spec={"minReadySeconds": 90, "template": template()})
    status, again = replica_status(owner, [pod("a")], NOW, failure=None)
    assert (status["readyReplicas"], status.get("availableReplicas")) == (1, None)
    assert again == 30


def test_a_failure_is_a_condition_until_it_is_over():
    owner = obj("apps/v1", "ReplicaSet", "web", spec={"template": template()})
    failed, _ = replica_status(owner, [], NOW, failure=Failure("FailedCreate", "no"))
    (condition,) = failed["conditions"]
    assert (condition["type"], condition["reason"], condition["message"]) == (
        "ReplicaFailure",
        "FailedCreate",
        "no",
    )
    owner["status"] = failed
    healed, _ = replica_status(owner, [], NOW, failure=None)
    assert "conditions" not in healed
