"""When a CronJob starts a Job, and which Jobs it removes."""

from datetime import UTC, datetime

import pytest
from tests.unit.cluster.controllers.workloads import obj

from convoy.cluster.controllers.cronjobs.plan import build_job, cron_status, missed_time, plan_cron
from convoy.cluster.controllers.cronjobs.schedules import parse_schedule

NOW = datetime(2030, 1, 1, 12, 2, 30, tzinfo=UTC)
AT_NOON = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)
EVERY_FIVE = parse_schedule("*/5 * * * *")


def cron(*, last="2030-01-01T11:55:00Z", active=(), **spec):
    made = obj("batch/v1", "CronJob", "tidy", spec={"schedule": "*/5 * * * *", "jobTemplate": {}, **spec})
    made["metadata"]["creationTimestamp"] = "2030-01-01T10:58:00Z"
    made["status"] = {"active": [{"uid": f"uid-Job-{name}"} for name in active]}
    if last:
        made["status"]["lastScheduleTime"] = last
    return made


def job(name, condition=None, **times):
    made = obj("batch/v1", "Job", name)
    made["status"] = {"conditions": [{"type": condition, "status": "True"}] if condition else [], **times}
    return made


def reasons(plan):
    return [each.reason for each in plan.happened]


def test_a_passed_time_starts_a_job():
    plan = plan_cron(cron(), [], EVERY_FIVE, NOW)
    assert plan.start == AT_NOON
    assert plan.again == pytest.approx(150, abs=0.1)


def test_a_time_is_served_once():
    assert plan_cron(cron(last="2030-01-01T12:00:00Z"), [], EVERY_FIVE, NOW).start is None
    made = build_job(cron(), AT_NOON)
    assert plan_cron(cron(), [made], EVERY_FIVE, NOW).start is None


def test_of_several_missed_times_only_the_last_is_served():
    assert missed_time(cron(last=None), EVERY_FIVE, NOW).latest == AT_NOON


def test_so_many_missed_times_are_said():
    plan = plan_cron(cron(last="2029-01-01T00:00:00Z"), [], EVERY_FIVE, NOW)
    assert (plan.start, reasons(plan)) == (AT_NOON, ["TooManyMissedTimes"])


def test_a_time_past_its_deadline_is_missed():
    plan = plan_cron(cron(startingDeadlineSeconds=60), [], EVERY_FIVE, NOW)
    assert plan.start is None


def test_a_suspended_cron_job_starts_nothing():
    assert plan_cron(cron(suspend=True), [], EVERY_FIVE, NOW).start is None


@pytest.mark.parametrize(
    ("policy", "starts", "replaced"),
    [("Allow", True, []), ("Forbid", False, []), ("Replace", True, ["tidy-1"])],
)
def test_a_running_job_is_treated_by_the_concurrency_policy(policy, starts, replaced):
    plan = plan_cron(cron(concurrencyPolicy=policy, active=["tidy-1"]), [job("tidy-1")], EVERY_FIVE, NOW)
    assert (plan.start is not None) == starts
    assert [each["metadata"]["name"] for each in plan.replace] == replaced


def test_old_finished_jobs_are_removed_by_their_kind():
    jobs = [job(f"ok-{number}", "Complete") for number in range(5)] + [
        job(f"no-{number}", "Failed") for number in range(3)
    ]
    plan = plan_cron(cron(successfulJobsHistoryLimit=2, suspend=True), jobs, EVERY_FIVE, NOW)
    assert [each["metadata"]["name"] for each in plan.delete] == ["ok-0", "ok-1", "ok-2", "no-0", "no-1"]


def test_a_finished_job_leaves_the_active_ones():
    owner = cron(active=["a", "b"])
    done = job("a", "Complete", completionTime="2030-01-01T12:01:00Z")
    assert plan_cron(owner, [done, job("b")], EVERY_FIVE, NOW).finished == (done,)
    status = cron_status(owner, [done, job("b")], started=None, at=None)
    assert [ref["uid"] for ref in status["active"]] == ["uid-Job-b"]
    assert status["lastSuccessfulTime"] == "2030-01-01T12:01:00Z"


def test_the_job_is_named_after_its_time():
    made = build_job(cron(), AT_NOON)
    assert made["metadata"]["name"] == f"tidy-{int(AT_NOON.timestamp()) // 60}"
    stamp = "batch.kubernetes.io/cronjob-scheduled-timestamp"
    assert made["metadata"]["annotations"] == {stamp: "2030-01-01T12:00:00Z"}
