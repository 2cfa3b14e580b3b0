"""StatefulSets, step by step and at random."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.cluster.controllers.workloads import obj, pod, template

from convoy.cluster.controllers.statefulsets.plan import (
    CreatePod,
    DeletePod,
    Revisions,
    plan_stateful,
    stateful_status,
)
from convoy.cluster.controllers.statefulsets.pods import build_claims, build_pod, claim_owners

NOW = datetime(2030, 1, 1, 0, 10, 0, tzinfo=UTC)
SAME = Revisions("db-1", "db-1")
UPDATE = Revisions("db-1", "db-2")


def stateful_set(replicas=3, **spec):
    spec = {"replicas": replicas, "serviceName": "db", "template": template(), **spec}
    return obj("apps/v1", "StatefulSet", "db", spec=spec)


def member(ordinal, *, revision="db-1", **fields):
    return pod(f"db-{ordinal}", labels={"controller-revision-hash": revision}, **fields)


def ending(ordinal, **fields):
    return member(ordinal, deletionTimestamp="2030-01-01T00:00:00Z", **fields)


def steps(owner, pods, revisions=SAME):
    return [
        ("+" if isinstance(action, CreatePod) else "-") + str(action.ordinal)
        for action in plan_stateful(owner, pods, revisions, NOW)
    ]


def test_pods_are_made_one_by_one():
    assert steps(stateful_set(), {}) == ["+0"]
    assert steps(stateful_set(), {0: member(0, ready=False)}) == []
    assert steps(stateful_set(), {0: member(0)}) == ["+1"]


def test_parallel_pods_are_made_at_once():
    owner = stateful_set(podManagementPolicy="Parallel")
    assert steps(owner, {1: member(1, ready=False)}) == ["+0", "+2"]


def test_a_missing_pod_is_made_before_anything_is_removed():
    pods = {0: member(0), 2: member(2), 3: member(3)}
    assert steps(stateful_set(3), pods) == ["+1"]


def test_surplus_pods_go_from_the_last_on_one_by_one():
    pods = {ordinal: member(ordinal) for ordinal in range(4)}
    assert steps(stateful_set(2), pods) == ["-3"]
    assert steps(stateful_set(2), {**pods, 3: ending(3)}) == []


def test_an_unhealthy_surplus_pod_waits_for_a_healthier_predecessor():
    pods = {0: member(0), 1: member(1), 2: member(2, ready=False), 3: member(3, ready=False)}
    assert steps(stateful_set(2), pods) == []
    assert steps(stateful_set(2), {**pods, 2: member(2)}) == ["-3"]


def test_a_failed_pod_is_replaced_in_its_place():
    assert steps(stateful_set(2), {0: member(0), 1: member(1, phase="Failed")}) == ["-1"]


def test_an_update_begins_with_the_last_pod_and_waits_for_it():
    pods = {ordinal: member(ordinal) for ordinal in range(3)}
    assert steps(stateful_set(), pods, UPDATE) == ["-2"]
    renewed = {**pods, 2: member(2, revision="db-2")}
    assert steps(stateful_set(), renewed, UPDATE) == ["-1"]
    unready = {**pods, 2: member(2, revision="db-2", ready=False)}
    assert steps(stateful_set(), unready, UPDATE) == []


def test_pods_below_the_partition_keep_their_revision():
    owner = stateful_set(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
    pods = {0: member(0), 1: member(1), 2: member(2, revision="db-2")}
    assert steps(owner, pods, UPDATE) == []
    (again,) = plan_stateful(owner, {0: member(0), 2: pods[2]}, UPDATE, NOW)
    assert again == CreatePod(1, "db-1")


def test_on_delete_replaces_nothing_but_makes_what_is_missing_new():
    owner = stateful_set(updateStrategy={"type": "OnDelete"})
    pods = {ordinal: member(ordinal) for ordinal in range(3)}
    assert steps(owner, pods, UPDATE) == []
    del pods[2]
    assert plan_stateful(owner, pods, UPDATE, NOW) == (CreatePod(2, "db-2"),)


def test_ordinals_may_start_elsewhere():
    owner = stateful_set(2, ordinals={"start": 5})
    assert steps(owner, {}) == ["+5"]
    assert steps(owner, {5: member(5), 6: member(6), 0: member(0)}) == ["-0"]


def test_minimum_ready_seconds_delay_the_next_pod():
    young = member(0)
    young["status"]["conditions"][0]["lastTransitionTime"] = "2030-01-01T00:09:50Z"
    owner = stateful_set(minReadySeconds=30)
    assert steps(owner, {0: young}) == []
    status, again = stateful_status(owner, {0: young}, SAME, NOW)
    assert (status["readyReplicas"], status["availableReplicas"], again) == (1, 0, 20)


def test_the_current_revision_follows_when_the_update_is_done():
    pods = {ordinal: member(ordinal, revision="db-2") for ordinal in range(3)}
    status, _ = stateful_status(stateful_set(), pods, UPDATE, NOW)
    assert (status["currentRevision"], status["currentReplicas"]) == ("db-2", 3)
    pods[0] = member(0)
    status, _ = stateful_status(stateful_set(), pods, UPDATE, NOW)
    assert (status["currentRevision"], status["currentReplicas"], status["updatedReplicas"]) == ("db-1", 1, 2)


def test_a_pod_has_its_name_its_place_and_its_claims():
    claims = [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]
    owner = stateful_set(volumeClaimTemplates=claims, selector={"matchLabels": {"app": "web"}})
    made = build_pod(owner, template(), 1, revision="db-2")
    assert made["metadata"]["labels"] == {
        "app": "web",
        "statefulset.kubernetes.io/pod-name": "db-1",
        "apps.kubernetes.io/pod-index": "1",
        "controller-revision-hash": "db-2",
    }
    assert (made["spec"]["hostname"], made["spec"]["subdomain"]) == ("db-1", "db")
    assert made["spec"]["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-1"}}]
    (claim,) = build_claims(owner, 1)
    assert claim["metadata"]["name"] == "data-db-1"
    assert claim["metadata"]["labels"] == {"app": "web"}


@pytest.mark.parametrize(
    ("policy", "condemned", "kinds"),
    [
        ({}, True, []),
        ({"whenDeleted": "Delete"}, False, ["StatefulSet"]),
        ({"whenDeleted": "Delete", "whenScaled": "Delete"}, True, ["Pod"]),
        ({"whenScaled": "Delete"}, False, []),
    ],
)
def test_claims_go_as_the_policy_says(policy, condemned, kinds):
    owner = stateful_set(persistentVolumeClaimRetentionPolicy=policy)
    claim = obj("v1", "PersistentVolumeClaim", "data-db-1")
    owners = claim_owners(owner, claim, member(1), condemned=condemned)
    assert [ref["kind"] for ref in owners] == kinds


@settings(max_examples=80)
@given(
    replicas=st.integers(0, 5),
    start=st.dictionaries(
        st.integers(0, 6), st.sampled_from(["ready", "unready", "failed", "old"]), max_size=6
    ),
    partition=st.integers(0, 5),
    seed=st.integers(0, 2**32),
)
def test_every_start_comes_to_the_wanted_end_in_order(replicas, start, partition, seed):
    owner = stateful_set(
        replicas, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    )
    chance = random.Random(seed)
    kinds = {"ready": {}, "unready": {"ready": False}, "failed": {"phase": "Failed"}, "old": {}}
    pods = {
        ordinal: member(ordinal, revision="db-1" if kind == "old" else "db-2", **kinds[kind])
        for ordinal, kind in start.items()
    }
    for _ in range(200):
        actions = plan_stateful(owner, pods, UPDATE, NOW)
        assert len(actions) <= 1
        for action in actions:
            if isinstance(action, CreatePod):
                assert all(is_ready(pods.get(lower)) for lower in range(action.ordinal))
                pods[action.ordinal] = member(action.ordinal, revision=action.revision, ready=False)
            else:
                assert isinstance(action, DeletePod)
                del pods[action.ordinal]
        waiting = [ordinal for ordinal, each in pods.items() if not is_ready(each)]
        if not actions and not waiting:
            break
        recoverable = [ordinal for ordinal in waiting if pods[ordinal]["status"]["phase"] == "Running"]
        if recoverable:
            chosen = chance.choice(recoverable)
            pods[chosen]["status"]["conditions"][0]["status"] = "True"
    assert sorted(pods) == list(range(replicas))
    assert all(is_ready(each) for each in pods.values())
    updated = [each for o, each in pods.items() if o >= partition]
    assert all(each["metadata"]["labels"]["controller-revision-hash"] == "db-2" for each in updated)


def is_ready(each):
    return (
        each is not None
        and each["status"]["phase"] == "Running"
        and each["status"]["conditions"][0]["status"] == "True"
    )
