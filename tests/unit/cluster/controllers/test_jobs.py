"""Jobs: counting exactly once, finishing, failing, pausing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cluster.controllers.workloads import obj, pod

from convoy.cluster.controllers.jobs.expiry import seconds_left
from convoy.cluster.controllers.jobs.failure_policy import judge
from convoy.cluster.controllers.jobs.indexes import format_indexes, missing_indexes, parse_indexes
from convoy.cluster.controllers.jobs.plan import plan_job
from convoy.cluster.controllers.jobs.pods import build_job_pod
from convoy.cluster.controllers.jobs.tally import FINALIZER, tally
from convoy.cluster.machinery.conditions import is_true

NOW = datetime(2030, 1, 1, 0, 10, 0, tzinfo=UTC)
STARTED = "2030-01-01T00:09:00Z"


def job(*, status=None, restart="Never", **spec):
    spec = {"completions": 1, "parallelism": 1, "backoffLimit": 6, **spec}
    template = {"spec": {"restartPolicy": restart, "containers": [{"name": "main", "image": "x"}]}}
    made = obj("batch/v1", "Job", "work", spec={**spec, "template": template})
    made["status"] = {"startTime": STARTED, **(status or {})}
    return made


def worker(
    name, phase="Running", *, index=None, tracked=True, code=None, ended="2030-01-01T00:09:30Z", **more
):
    extra = {"finalizers": [FINALIZER]} if tracked else {}
    if index is not None:
        extra["annotations"] = {"batch.kubernetes.io/job-completion-index": str(index)}
    made = pod(name, phase=phase, **extra, **more)
    if phase in ("Succeeded", "Failed"):
        exit_code = code if code is not None else int(phase == "Failed")
        state = {"terminated": {"exitCode": exit_code, "finishedAt": ended}}
        made["status"]["containerStatuses"] = [{"name": "main", "state": state}]
    return made


def names(pods):
    return [each["metadata"]["name"] for each in pods]


def settle(owner, pods):
    """The plan's effects on status and finalizers, until nothing more is released."""
    for _ in range(5):
        plan = plan_job(owner, pods, NOW)
        owner["status"] = plan.status
        if not plan.release:
            return plan
        for each in plan.release:
            each["metadata"]["finalizers"].remove(FINALIZER)
    raise AssertionError("it does not settle")


def test_a_new_job_starts_its_pods_and_notes_the_time():
    owner = job(completions=3, parallelism=2)
    owner["status"] = {}
    plan = plan_job(owner, [], NOW)
    assert plan.create == (None, None)
    assert plan.status == {
        "startTime": "2030-01-01T00:10:00Z",
        "active": 2,
        "ready": 0,
        "terminating": 0,
        "uncountedTerminatedPods": {},
    }


def test_no_more_pods_run_than_are_missing():
    pods = [worker("a", "Succeeded", tracked=False), worker("b")]
    plan = plan_job(job(completions=3, parallelism=5, status={"succeeded": 1}), pods, NOW)
    assert len(plan.create) == 1


def test_an_ended_pod_is_noted_before_it_is_let_go_and_counted_after():
    owner, ended = job(completions=2), worker("a", "Succeeded")
    first = plan_job(owner, [ended], NOW)
    assert first.status["uncountedTerminatedPods"] == {"succeeded": ["uid-Pod-a"]}
    assert "succeeded" not in first.status
    assert names(first.release) == ["a"]
    owner["status"] = first.status
    again = plan_job(owner, [ended], NOW)  # as if it had stopped before the finalizer went
    assert again.status["uncountedTerminatedPods"] == {"succeeded": ["uid-Pod-a"]}
    ended["metadata"]["finalizers"] = []
    second = plan_job(owner, [ended], NOW)
    assert (second.status["succeeded"], second.status["uncountedTerminatedPods"]) == (1, {})


def test_a_counted_pod_that_is_deleted_stays_counted():
    owner = job(completions=2)
    settle(owner, [worker("a", "Succeeded")])
    assert plan_job(owner, [], NOW).status["succeeded"] == 1


def test_a_job_is_complete_once_all_are_counted():
    owner, pods = job(completions=2), [worker("a", "Succeeded"), worker("b", "Succeeded")]
    assert not any(each["type"] == "Complete" for each in plan_job(owner, pods, NOW).status["conditions"])
    plan = settle(owner, pods)
    assert is_true(owner, "Complete")
    assert (owner["status"]["succeeded"], owner["status"]["completionTime"]) == (2, "2030-01-01T00:10:00Z")
    assert [each.reason for each in plan.happened] == ["Completed"]


def test_a_finished_job_is_left_as_it_is():
    owner = job(status={"conditions": [{"type": "Complete", "status": "True"}], "succeeded": 1})
    plan = plan_job(owner, [], NOW)
    assert (plan.create, plan.status) == ((), owner["status"])


def test_a_work_queue_is_done_when_one_succeeded_and_all_ended():
    owner = job(parallelism=2)
    del owner["spec"]["completions"]
    assert plan_job(owner, [], NOW).create == (None, None)
    pods = [worker("a", "Succeeded"), worker("b")]
    assert settle(owner, pods).create == ()
    assert not is_true(owner, "Complete")
    pods[1] = worker("b", "Succeeded")
    settle(owner, pods)
    assert is_true(owner, "Complete")


def test_too_many_failures_end_the_job_and_its_other_pods():
    owner = job(backoffLimit=1, parallelism=2, completions=4)
    pods = [worker("a", "Failed"), worker("b", "Failed"), worker("c")]
    plan = plan_job(owner, pods, NOW)
    assert names(plan.delete) == ["c"]
    owner["status"] = plan.status
    assert is_true(owner, "FailureTarget")
    assert not is_true(owner, "Failed")
    pods[2] = worker("c", "Failed")
    settle(owner, pods)
    assert is_true(owner, "Failed")
    (failed,) = [each for each in owner["status"]["conditions"] if each["type"] == "Failed"]
    assert (failed["reason"], owner["status"]["failed"]) == ("BackoffLimitExceeded", 3)


def test_restarts_in_place_count_against_the_limit():
    restarted = worker("a")
    restarted["status"]["containerStatuses"] = [{"name": "main", "restartCount": 2}]
    plan = plan_job(job(backoffLimit=2, restart="OnFailure"), [restarted], NOW)
    assert names(plan.delete) == ["a"]


def test_a_deadline_ends_the_job():
    owner = job(activeDeadlineSeconds=60)
    plan = plan_job(owner, [worker("a")], NOW)
    assert names(plan.delete) == ["a"]
    (target,) = plan.status["conditions"]
    assert target["reason"] == "DeadlineExceeded"


def test_before_its_deadline_a_job_comes_back_in_time():
    assert plan_job(job(activeDeadlineSeconds=90), [worker("a")], NOW).again == 30


@pytest.mark.parametrize(("failures", "wait"), [(1, 10), (2, 20), (4, 80), (9, 600)])
def test_after_each_failure_the_next_pod_waits_longer(failures, wait):
    ended = "2030-01-01T00:10:00Z"
    pods = [worker(f"p{number}", "Failed", ended=ended, tracked=False) for number in range(failures)]
    plan = plan_job(job(backoffLimit=99, status={"failed": failures}), pods, NOW)
    assert (plan.create, plan.again) == ((), wait)
    later = plan_job(job(backoffLimit=99, status={"failed": failures}), pods, NOW + timedelta(seconds=wait))
    assert later.create == (None,)


def test_a_suspended_job_takes_its_pods_back_without_counting_them():
    owner = job(suspend=True)
    plan = plan_job(owner, [worker("a")], NOW)
    assert (names(plan.withdraw), plan.delete) == (["a"], ())
    assert "startTime" not in plan.status
    owner["status"] = plan.status
    owner["spec"]["suspend"] = False
    resumed = plan_job(owner, [], NOW)
    assert resumed.create == (None,)
    assert resumed.status["startTime"] == "2030-01-01T00:10:00Z"
    assert [each.reason for each in resumed.happened] == ["Resumed"]


def test_indexed_pods_fill_the_lowest_free_places():
    owner = job(completions=5, parallelism=3, completionMode="Indexed", status={"completedIndexes": "0,2"})
    plan = plan_job(owner, [worker("a", index=1)], NOW)
    assert plan.create == (3, 4)


def test_of_two_pods_of_one_index_the_younger_is_taken_back():
    owner = job(completions=2, parallelism=2, completionMode="Indexed")
    plan = plan_job(owner, [worker("old", index=0), worker("young", index=0)], NOW)
    assert (names(plan.withdraw), plan.create) == (["young"], (1,))


def test_completed_indexes_are_told():
    owner = job(completions=3, parallelism=3, completionMode="Indexed")
    pods = [worker(f"p{index}", "Succeeded", index=index) for index in (0, 1, 2)]
    settle(owner, pods)
    assert (owner["status"]["completedIndexes"], owner["status"]["succeeded"]) == ("0-2", 3)
    assert is_true(owner, "Complete")


def test_a_deleted_pod_counts_as_failed_unless_failed_ones_alone_are_replaced():
    ending = worker("a", deletionTimestamp="2030-01-01T00:09:50Z")
    assert tally(job(), [ending]).failed == 1
    patient = job(podReplacementPolicy="Failed")
    assert tally(patient, [ending]).failed == 0
    assert plan_job(patient, [ending], NOW).create == ()


def rule(action, **codes):
    return {"action": action, "onExitCodes": {"operator": "In", "values": [42], **codes}}


@pytest.mark.parametrize(
    ("rules", "code", "action"),
    [
        ([], 42, "Count"),
        ([rule("FailJob")], 42, "FailJob"),
        ([rule("FailJob")], 1, "Count"),
        ([rule("Ignore", operator="NotIn")], 1, "Ignore"),
        ([rule("FailJob", containerName="other"), rule("Ignore")], 42, "Ignore"),
        ([{"action": "Ignore", "onPodConditions": [{"type": "Ready", "status": "True"}]}], 1, "Ignore"),
    ],
)
def test_the_first_fitting_rule_of_the_failure_policy_decides(rules, code, action):
    owner = job(podFailurePolicy={"rules": rules})
    assert judge(owner, worker("a", "Failed", code=code)).action == action


def test_a_policy_may_fail_the_job_at_once_or_ignore_the_pod():
    failing = job(podFailurePolicy={"rules": [rule("FailJob")]})
    settle(failing, [worker("a", "Failed", code=42)])
    (failed,) = [each for each in failing["status"]["conditions"] if each["type"] == "Failed"]
    assert failed["reason"] == "PodFailurePolicy"
    assert failed["message"] == (
        "Container main for pod default/a failed with exit code 42 matching FailJob rule at index 0"
    )
    ignoring = job(backoffLimit=0, podFailurePolicy={"rules": [rule("Ignore")]})
    settle(ignoring, [worker("a", "Failed", code=42)])
    assert "failed" not in ignoring["status"]


def test_an_indexed_pod_knows_its_number():
    owner = job(completionMode="Indexed")
    made = build_job_pod(owner, 3)
    assert made["metadata"]["name"].startswith("work-3-")
    assert made["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] == "3"
    assert made["metadata"]["finalizers"] == [FINALIZER]
    assert made["spec"]["hostname"] == "work-3"
    assert made["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX"


@given(st.sets(st.integers(0, 40)))
def test_indexes_are_read_as_they_were_written(indexes):
    assert parse_indexes(format_indexes(indexes), below=max(indexes, default=0) + 1) == indexes


@pytest.mark.parametrize("text", ["a", "1-b", "-", ",,", "-3", "1.5", "1e3", "٣", "9" * 5000, "9-9" * 20])
def test_what_is_no_index_counts_for_nothing(text):
    assert parse_indexes(f"2,{text},4", below=5) == {2, 4}


def test_indexes_beyond_those_there_are_are_not_made():
    assert parse_indexes("1-99999999999", below=4) == {1, 2, 3}
    assert len(parse_indexes("0-4294967295", below=2**31)) <= 100_000


def test_runs_of_indexes_are_written_short():
    assert format_indexes({0, 1, 2, 4, 6, 7}) == "0-2,4,6,7"


def test_missing_indexes_are_the_lowest():
    assert missing_indexes(5, {0, 3}, 2) == [1, 2]


@pytest.mark.parametrize(("kind", "left"), [("Complete", 40.0), ("Failed", 40.0), ("Suspended", None)])
def test_a_finished_job_stays_for_its_time(kind, left):
    condition = {"type": kind, "status": "True", "lastTransitionTime": "2030-01-01T00:09:50Z"}
    owner = job(ttlSecondsAfterFinished=50, status={"conditions": [condition]})
    assert seconds_left(owner, NOW) == left
