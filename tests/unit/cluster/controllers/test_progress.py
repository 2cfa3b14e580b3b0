"""What a Deployment's conditions say of its rollout."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.cluster.controllers.rollout_world import RolloutWorld
from tests.unit.cluster.controllers.workloads import deployment

from convoy.cluster.controllers.deployments.progress import deployment_status

NOW = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)


def tell(world, at=NOW, **more):
    """Write the status into the Deployment; gives the time after which to look again."""
    status, again = deployment_status(world.deployment, list(world.sets.values()), at, **more)
    world.deployment["status"] = status
    return again


def condition(world, kind="Progressing"):
    return next((each for each in world.deployment["status"]["conditions"] if each["type"] == kind), None)


def reason(world, kind="Progressing"):
    found = condition(world, kind)
    return (found["status"], found["reason"]) if found else None


def rolled_out(**fields):
    world = RolloutWorld(deployment(**fields))
    world.step()
    tell(world, created=True)
    world.settle()
    tell(world)
    tell(world)
    return world


def test_a_new_set_is_progress_that_has_a_deadline():
    world = RolloutWorld(deployment(progressDeadlineSeconds=120))
    world.step()
    again = tell(world, created=True)
    assert reason(world) == ("True", "NewReplicaSetCreated")
    assert reason(world, "Available") == ("False", "MinimumReplicasUnavailable")
    assert again == 120


def test_a_complete_rollout_says_so_and_needs_no_deadline():
    world = rolled_out(replicas=3)
    assert reason(world) == ("True", "NewReplicaSetAvailable")
    assert reason(world, "Available") == ("True", "MinimumReplicasAvailable")
    assert tell(world) is None
    status = world.deployment["status"]
    assert {name: status[name] for name in ("replicas", "updatedReplicas", "availableReplicas")} == {
        "replicas": 3,
        "updatedReplicas": 3,
        "availableReplicas": 3,
    }
    assert "unavailableReplicas" not in status


def test_no_progress_for_too_long_is_a_failure_that_progress_ends():
    world = rolled_out(replicas=2, progressDeadlineSeconds=60)
    world.set_image("web:v2")
    world.settle(becomes_available=False)
    tell(world, created=True)
    assert tell(world, NOW + timedelta(seconds=59)) == 1
    assert reason(world) == ("True", "NewReplicaSetCreated")
    assert tell(world, NOW + timedelta(seconds=60)) is None
    assert reason(world) == ("False", "ProgressDeadlineExceeded")
    world.pod_becomes_available()
    tell(world, NOW + timedelta(seconds=90))
    assert reason(world) == ("True", "ReplicaSetUpdated")


def test_a_finished_rollout_never_times_out():
    world = rolled_out(replicas=1, progressDeadlineSeconds=60)
    (only,) = world.sets.values()
    only["status"]["availableReplicas"] = 0
    tell(world, NOW + timedelta(hours=1))
    assert reason(world) == ("True", "NewReplicaSetAvailable")


def test_without_a_deadline_nothing_is_said_of_progress():
    world = rolled_out(replicas=1, progressDeadlineSeconds=2**31 - 1)
    assert condition(world) is None


def test_a_paused_rollout_is_neither_good_nor_bad():
    world = rolled_out(replicas=1)
    world.deployment["spec"]["paused"] = True
    tell(world)
    assert reason(world) == ("Unknown", "DeploymentPaused")
    world.deployment["spec"]["paused"] = False
    tell(world)
    assert reason(world) == ("Unknown", "DeploymentResumed")


def test_what_keeps_a_set_from_making_pods_is_shown():
    world = rolled_out(replicas=1)
    (only,) = world.sets.values()
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}
    only["status"]["conditions"] = [failure]
    tell(world)
    assert reason(world, "ReplicaFailure") == ("True", "FailedCreate")
    del only["status"]["conditions"]
    tell(world)
    assert condition(world, "ReplicaFailure") is None


def test_a_set_that_cannot_be_made_is_a_failure():
    world = RolloutWorld(deployment())
    tell(world, failure="no room")
    assert reason(world) == ("False", "ReplicaSetCreateError")
    assert condition(world)["message"] == "no room"


@pytest.mark.parametrize("kind", ["Progressing", "Available"])
def test_an_unchanged_condition_keeps_its_times(kind):
    world = rolled_out(replicas=1)
    before = condition(world, kind)
    tell(world, NOW + timedelta(hours=1))
    assert condition(world, kind) == before
