"""Rolling updates, step by step and at random."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.cluster.controllers.rollout_world import RolloutWorld, image_of
from tests.unit.cluster.controllers.workloads import deployment, pod

from convoy.cluster.controllers.deployments.rollouts import ChangeSet, CreateSet, DeleteSet, plan_rollout
from convoy.cluster.controllers.deployments.sets import limits_of

amounts = st.one_of(st.integers(0, 6), st.integers(0, 100).map("{}%".format))


def world_of(**fields: Any) -> RolloutWorld:
    world = RolloutWorld(deployment(**fields))
    world.settle()
    return world


def old_and_new(world: RolloutWorld) -> tuple[Any, Any]:
    sets = sorted(world.sets.values(), key=lambda each: each["metadata"]["creationTimestamp"])
    return sets[0], sets[-1]


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "most", "least"),
    [
        (4, "25%", "25%", 5, 3),
        (3, "25%", "25%", 4, 3),
        (1, "25%", "25%", 2, 1),
        (10, 0, "10%", 10, 9),
        (3, 0, 0, 3, 2),
        (3, 2, 5, 5, 0),
        (10, "33%", "33%", 14, 7),
    ],
)
def test_percentages_round_up_for_surge_and_down_for_unavailability(
    replicas, surge, unavailable, most, least
):
    limits = limits_of(deployment(replicas=replicas, surge=surge, unavailable=unavailable))
    assert (limits.most, limits.least_available) == (most, least)


def test_the_first_step_makes_the_set_with_all_its_pods():
    (action,) = RolloutWorld(deployment(replicas=3)).plan()
    assert isinstance(action, CreateSet)
    assert action.body["spec"]["replicas"] == 3
    hashed = action.body["metadata"]["labels"]["pod-template-hash"]
    assert action.body["metadata"]["name"] == f"web-{hashed}"
    assert action.body["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": hashed}
    assert action.body["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] == hashed


def test_a_new_set_starts_with_what_the_surge_allows():
    world = world_of(replicas=3, surge=1, unavailable=0)
    world.set_image("web:v2")
    (action,) = world.plan()
    assert isinstance(action, CreateSet)
    assert action.body["spec"]["replicas"] == 1


def test_old_pods_stay_until_new_ones_are_available():
    world = world_of(replicas=3, surge=1, unavailable=0)
    world.set_image("web:v2")
    world.settle(becomes_available=False)
    assert world.sizes() == {"web:v1": 3, "web:v2": 1}


def test_old_pods_that_never_came_up_make_room_before_any_new_one_is_available():
    world = RolloutWorld(deployment(replicas=3, surge=0, unavailable=1))
    world.settle(becomes_available=False)
    world.set_image("web:v2")
    world.settle(becomes_available=False)
    assert world.sizes() == {"web:v1": 2, "web:v2": 1}


def test_a_finished_rollout_asks_for_nothing():
    assert world_of(replicas=3).plan() == ()


def test_going_back_uses_the_old_set_under_a_new_revision():
    world = world_of(replicas=2)
    world.set_image("web:v2")
    world.settle()
    world.set_image("web:v1")
    world.settle()
    old, new = old_and_new(world)
    assert len(world.sets) == 2
    assert old["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert old["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"
    assert new["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


def test_a_change_cause_is_copied_to_the_set_but_not_the_applied_configuration():
    wanted = deployment()
    wanted["metadata"]["annotations"] = {
        "kubernetes.io/change-cause": "because",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    }
    (action,) = RolloutWorld(wanted).plan()
    annotations = action.body["metadata"]["annotations"]
    assert annotations == {
        "kubernetes.io/change-cause": "because",
        "deployment.kubernetes.io/revision": "1",
        "deployment.kubernetes.io/desired-replicas": "3",
        "deployment.kubernetes.io/max-replicas": "4",
    }


def test_old_sets_beyond_the_history_limit_are_deleted_oldest_first():
    world = world_of(replicas=1, revisionHistoryLimit=2)
    for number in range(2, 7):
        world.set_image(f"web:v{number}")
        world.settle()
    assert sorted(world.sizes()) == ["web:v4", "web:v5", "web:v6"]


def test_a_history_limit_of_zero_keeps_the_new_set_only():
    world = world_of(replicas=1, revisionHistoryLimit=0)
    world.set_image("web:v2")
    world.settle()
    assert world.sizes() == {"web:v2": 1}


def test_a_paused_deployment_is_resized_but_not_rolled_out():
    world = world_of(replicas=2)
    world.deployment["spec"] |= {"paused": True, "replicas": 4}
    world.set_image("web:v2")
    world.settle()
    assert world.sizes() == {"web:v1": 4}
    world.deployment["spec"]["paused"] = False
    world.settle()
    assert world.sizes() == {"web:v1": 0, "web:v2": 4}


def test_scaling_in_mid_rollout_gives_every_set_its_share():
    world = world_of(replicas=10, surge=3, unavailable=2)
    world.set_image("web:v2")
    world.settle(becomes_available=False)
    assert world.sizes() == {"web:v1": 8, "web:v2": 5}
    world.deployment["spec"]["replicas"] = 15
    world.settle(becomes_available=False)
    assert world.sizes() == {"web:v1": 11, "web:v2": 7}


def test_scaling_to_zero_leaves_no_set_with_pods():
    world = world_of(replicas=4)
    world.set_image("web:v2")
    world.settle(becomes_available=False)
    world.deployment["spec"]["replicas"] = 0
    world.settle()
    assert world.asked == 0


def test_a_size_set_on_the_new_set_by_hand_is_put_right():
    world = world_of(replicas=3)
    (only,) = world.sets.values()
    only["spec"]["replicas"] = 7
    world.settle()
    assert world.asked == 3


def test_recreate_waits_for_the_last_old_pod():
    wanted = deployment(replicas=2, strategy={"type": "Recreate"})
    world = RolloutWorld(wanted)
    world.settle()
    (old,) = world.sets.values()
    world.set_image("web:v2")
    (shrink,) = world.plan()
    assert isinstance(shrink, ChangeSet)
    assert shrink.size == 0
    old["spec"]["replicas"] = 0
    ending = pod("web-1", owner=old, deletionTimestamp="2030-01-01T00:00:00Z")
    assert plan_rollout(wanted, [old], [ending]) == ()
    finished = pod("web-1", owner=old, phase="Failed")
    (create,) = plan_rollout(wanted, [old], [finished])
    assert isinstance(create, CreateSet)
    assert create.body["spec"]["replicas"] == 2


def test_a_deployment_being_deleted_is_left_alone():
    wanted = deployment()
    wanted["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
    assert plan_rollout(wanted, [], []) == ()


def test_an_old_set_whose_pods_still_end_is_not_forgotten():
    world = world_of(replicas=1, revisionHistoryLimit=0)
    (old,) = world.sets.values()
    world.set_image("web:v2")
    world.settle(becomes_available=False)
    world.pod_becomes_available()
    world.step()
    assert not any(isinstance(action, DeleteSet) for action in world.plan())
    assert image_of(old) in world.sizes()


@settings(max_examples=60)
@given(
    replicas=st.integers(0, 12),
    surge=amounts,
    unavailable=amounts,
    seed=st.integers(0, 2**32),
    steps=st.lists(st.sampled_from("cspi"), max_size=60),
)
@example(replicas=4, surge=0, unavailable=0, seed=0, steps=list("iccciccs"))  # a status that lags
def test_a_rollout_keeps_to_its_limits_and_comes_to_an_end(replicas, surge, unavailable, seed, steps):
    world = RolloutWorld(deployment(replicas=replicas, surge=surge, unavailable=unavailable), seed)
    world.settle()
    image = 1
    for step in steps:
        if step == "i":
            image = image % 3 + 1
            world.set_image(f"web:v{image}")
        elif step == "c":
            world.step()
        elif step == "s":
            world.sets_follow()
        else:
            world.pod_becomes_available()
        assert world.asked <= world.limits.most
        assert world.available >= world.limits.least_available
    world.settle()
    assert {name: size for name, size in world.sizes().items() if size} == (
        {f"web:v{image}": replicas} if replicas else {}
    )
    assert world.available == replicas


@settings(max_examples=60)
@given(
    first=st.integers(0, 12),
    later=st.lists(st.integers(0, 12), min_size=1, max_size=4),
    surge=amounts,
    unavailable=amounts,
    seed=st.integers(0, 2**32),
)
def test_resizing_in_mid_rollout_comes_to_an_end(first, later, surge, unavailable, seed):
    world = RolloutWorld(deployment(replicas=first, surge=surge, unavailable=unavailable), seed)
    world.settle()
    world.set_image("web:v2")
    for replicas in later:
        world.step()
        world.sets_follow()
        world.pod_becomes_available()
        world.deployment["spec"]["replicas"] = replicas
    world.settle()
    assert (world.asked, world.available) == (later[-1], later[-1])
    assert world.sizes().get("web:v1", 0) == 0
