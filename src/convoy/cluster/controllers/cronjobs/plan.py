"""What a CronJob does now: start a Job, remove old ones, and when to look again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from convoy.cluster.controllers.cronjobs.schedules import Schedule
from convoy.cluster.controllers.jobs.plan import Happened, is_over
from convoy.cluster.controllers.objects import (
    Json,
    annotations_of,
    copy_of,
    created_at,
    labels_of,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    uid_of,
    without_empty,
)
from convoy.cluster.controllers.owners import controller_reference
from convoy.cluster.machinery.conditions import find_condition, is_true
from convoy.kit.times import format_time, parse_time

SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_MANY_MISSED = 100


@dataclass(frozen=True, slots=True)
class CronPlan:
    """`start` is the time for which a Job is to be made; `replace` are Jobs that make room for it."""

    start: datetime | None = None
    replace: tuple[Json, ...] = ()
    delete: tuple[Json, ...] = ()
    finished: tuple[Json, ...] = ()  # ended since the last look
    happened: tuple[Happened, ...] = ()
    again: float | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """The latest time that has passed, and whether there were more than anyone counts."""

    latest: datetime | None
    many: bool = False


def plan_cron(cron: Json, jobs: Sequence[Json], schedule: Schedule, now: datetime) -> CronPlan:
    """The plan for a CronJob that owns these Jobs."""
    active = _active(cron)
    finished = tuple(job for job in jobs if is_over(job) and uid_of(job) in active)
    plan = CronPlan(delete=tuple(surplus_jobs(cron, jobs)), finished=finished)
    if spec_of(cron).get("suspend"):
        return plan
    upcoming = schedule.next_after(now)
    again = max(0.0, (upcoming - now).total_seconds()) + 0.05 if upcoming else None
    missed = missed_time(cron, schedule, now)
    warnings = _warnings(missed)
    at = missed.latest
    if at is None or _is_started(cron, jobs, at):
        return CronPlan(None, (), plan.delete, finished, warnings, again)
    if (late := _too_late(cron, at, now)) is not None:
        return CronPlan(None, (), plan.delete, finished, (*warnings, late), again)
    running = [job for job in jobs if not is_over(job) and uid_of(job) in active]
    policy = spec_of(cron).get("concurrencyPolicy")
    if policy == "Forbid" and running:
        text = "Not starting job because prior execution is running and concurrency policy is Forbid"
        warned = (*warnings, Happened("Normal", "JobAlreadyActive", text))
        return CronPlan(None, (), plan.delete, finished, warned, again)
    replace = tuple(running) if policy == "Replace" else ()
    return CronPlan(at, replace, plan.delete, finished, warnings, again)


def _warnings(missed: Missed) -> tuple[Happened, ...]:
    if not missed.many:
        return ()
    text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
    return (Happened("Warning", "TooManyMissedTimes", text),)


def _active(cron: Json) -> set[str]:
    return {ref.get("uid") or "" for ref in status_of(cron).get("active") or ()}


def _is_started(cron: Json, jobs: Sequence[Json], at: datetime) -> bool:
    name = job_name(cron, at)
    return (
        any(name_of(job) == name for job in jobs) or parse_time(status_of(cron).get("lastScheduleTime")) == at
    )


def _too_late(cron: Json, at: datetime, now: datetime) -> Happened | None:
    deadline = spec_of(cron).get("startingDeadlineSeconds")
    if deadline is None or at + timedelta(seconds=int(deadline)) >= now:
        return None
    text = f"Missed scheduled time to start a job: {at.strftime('%a, %d %b %Y %H:%M:%S +0000')}"
    return Happened("Warning", "MissSchedule", text)


def missed_time(cron: Json, schedule: Schedule, now: datetime) -> Missed:
    """The latest scheduled time since the last one that was served, not before the starting deadline."""
    since = parse_time(status_of(cron).get("lastScheduleTime")) or parse_time(created_at(cron)) or now
    deadline = spec_of(cron).get("startingDeadlineSeconds")
    if deadline is not None:
        since = max(since, now - timedelta(seconds=int(deadline) + 1))
    latest, at = None, schedule.next_after(since)
    for _ in range(_MANY_MISSED):
        if at is None or at > now:
            return Missed(latest)
        latest, at = at, schedule.next_after(at)
    return Missed(_latest_until(schedule, now), many=True)


def _latest_until(schedule: Schedule, now: datetime) -> datetime:
    """The last time that has passed, of a schedule that had many: looked for ever farther back."""
    back = timedelta(minutes=2)
    while (at := schedule.next_after(now - back)) is None or at > now:
        back *= 2
    while (later := schedule.next_after(at)) is not None and later <= now:
        at = later
    return at


def surplus_jobs(cron: Json, jobs: Sequence[Json]) -> list[Json]:
    """The oldest finished Jobs beyond the history limits."""
    surplus: list[Json] = []
    limits = (("Complete", "successfulJobsHistoryLimit", 3), ("Failed", "failedJobsHistoryLimit", 1))
    for condition, field, default in limits:
        limit = spec_of(cron).get(field)
        done = sorted(
            (job for job in jobs if is_true(job, condition)), key=lambda job: (created_at(job), name_of(job))
        )
        surplus += done[: max(0, len(done) - (default if limit is None else int(limit)))]
    return surplus


def job_name(cron: Json, at: datetime) -> str:
    """The name of the Job for a time: the same however often it is asked for."""
    return f"{name_of(cron)[:52]}-{int(at.timestamp()) // 60}"


def build_job(cron: Json, at: datetime) -> Json:
    """The Job for a time."""
    template = spec_of(cron).get("jobTemplate") or {}
    annotations = {**annotations_of(template), SCHEDULED_AT: format_time(at)}
    return {
        "metadata": {
            "name": job_name(cron, at),
            "namespace": namespace_of(cron),
            **without_empty({"labels": dict(labels_of(template))}),
            "annotations": annotations,
            "ownerReferences": [controller_reference(cron)],
        },
        "spec": copy_of(spec_of(template)),
    }


def job_reference(job: Json) -> Json:
    """As in the CronJob's `status.active`."""
    return {
        "kind": "Job",
        "namespace": namespace_of(job),
        "name": name_of(job),
        "uid": uid_of(job),
        "apiVersion": "batch/v1",
        "resourceVersion": job["metadata"].get("resourceVersion", ""),
    }


def cron_status(cron: Json, jobs: Sequence[Json], *, started: Json | None, at: datetime | None) -> Json:
    """The status: the Jobs that run, of those started here, and the times of the last start and success."""
    known = _active(cron)
    running = [job for job in jobs if uid_of(job) in known and not is_over(job)]
    before = {ref["uid"]: ref for ref in status_of(cron).get("active") or ()}
    active = [before.get(uid_of(job)) or job_reference(job) for job in running]
    if started is not None:
        active.append(job_reference(started))
    succeeded = [
        str(job["status"]["completionTime"])
        for job in jobs
        if is_true(job, "Complete") and status_of(job).get("completionTime")
    ]
    last_success = max([*succeeded, status_of(cron).get("lastSuccessfulTime") or ""])
    return without_empty(
        {
            "active": active,
            "lastScheduleTime": format_time(at) if at else status_of(cron).get("lastScheduleTime"),
            "lastSuccessfulTime": last_success,
        }
    )


def outcome_of(job: Json) -> str:
    """Complete or Failed."""
    failed = find_condition(job, "Failed")
    return "Failed" if failed is not None and failed.get("status") == "True" else "Complete"
